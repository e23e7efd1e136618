#include "bindings/bindings.hpp"

PYBIND11_MODULE(_core, m) {
    m.doc() = "The planner and the orchestrator of fasttest: state machines over integers.";
    fasttest::bind_errors(m);
    fasttest::bind_scope(m);
    fasttest::bind_fixture_graph(m);
    fasttest::bind_plan(m);
    fasttest::bind_orchestrator(m);
    fasttest::bind_delta_debugging(m);
}
