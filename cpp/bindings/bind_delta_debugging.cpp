#include <pybind11/stl.h>

#include "bindings/bindings.hpp"
#include "core/delta_debugging.hpp"

namespace py = pybind11;
using py::literals::operator""_a;

namespace fasttest {

void bind_delta_debugging(py::module_& m) {
    py::class_<DeltaDebugging>(m, "DeltaDebugging",
                               "Finds a minimal set which makes something fail.")
        .def(py::init<std::int32_t>(), "size"_a)
        .def("is_done", &DeltaDebugging::is_done)
        .def("next", &DeltaDebugging::next)
        .def("tell", &DeltaDebugging::tell, "fails"_a)
        .def("set", &DeltaDebugging::set);
}

}  // namespace fasttest
