#pragma once

#include <pybind11/pybind11.h>

namespace fasttest {

void bind_errors(pybind11::module_& m);
void bind_scope(pybind11::module_& m);
void bind_fixture_graph(pybind11::module_& m);
void bind_plan(pybind11::module_& m);
void bind_orchestrator(pybind11::module_& m);
void bind_delta_debugging(pybind11::module_& m);

}  // namespace fasttest
