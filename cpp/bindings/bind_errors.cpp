#include "bindings/bindings.hpp"
#include "core/errors.hpp"

namespace py = pybind11;

namespace fasttest {

void bind_errors(py::module_& m) {
    // A translator that is registered later is asked earlier, so bases come first.
    const auto plan_error = py::register_exception<PlanError>(m, "PlanError", PyExc_ValueError);
    py::register_exception<FixtureCycleError>(m, "FixtureCycleError", plan_error);
    py::register_exception<ScopeMismatchError>(m, "ScopeMismatchError", plan_error);
    py::register_exception<FixtureLookupError>(m, "FixtureLookupError", plan_error);
    py::register_exception<OrchestratorError>(m, "OrchestratorError", PyExc_RuntimeError);
}

}  // namespace fasttest
