#include <pybind11/stl.h>

#include <string>
#include <utility>
#include <vector>

#include "bindings/bindings.hpp"
#include "core/fixture_graph.hpp"

namespace py = pybind11;
using py::literals::operator""_a;

namespace fasttest {

void bind_fixture_graph(py::module_& m) {
    py::class_<FixtureGraph>(m, "FixtureGraph",
                             "Fixtures by name: definitions, overrides, closures, order.")
        .def(py::init<>())
        .def("add_node", &FixtureGraph::add_node, "parent"_a)
        .def(
            "add_fixture",
            [](FixtureGraph& graph, const std::string& name, Scope scope, NodeId node,
               const std::vector<std::string>& argnames,
               bool autouse) { return graph.add_fixture(name, scope, node, argnames, autouse); },
            "name"_a, "scope"_a, "node"_a, "argnames"_a = py::tuple(), "autouse"_a = false)
        .def(
            "closure",
            [](const FixtureGraph& graph, NodeId node, const std::vector<std::string>& argnames,
               const std::vector<std::string>& ignored) {
                std::vector<std::pair<FixtureId, std::vector<std::int32_t>>> entries;
                for (FixtureGraph::Resolved& resolved : graph.closure(node, argnames, ignored))
                    entries.emplace_back(resolved.fixture, std::move(resolved.dependencies));
                return entries;
            },
            "node"_a, "argnames"_a, "ignored"_a = py::tuple());
}

}  // namespace fasttest
