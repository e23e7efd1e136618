#include <pybind11/native_enum.h>

#include "bindings/bindings.hpp"
#include "core/scope.hpp"

namespace py = pybind11;

namespace fasttest {

void bind_scope(py::module_& m) {
    py::native_enum<Scope>(m, "Scope", "enum.IntEnum", "pytest's scopes; the wider, the greater.")
        .value("FUNCTION", Scope::function)
        .value("CLASS", Scope::class_)
        .value("MODULE", Scope::module)
        .value("PACKAGE", Scope::package)
        .value("SESSION", Scope::session)
        .finalize();
}

}  // namespace fasttest
