#include <pybind11/stl.h>

#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "bindings/bindings.hpp"
#include "core/errors.hpp"
#include "core/plan.hpp"

namespace py = pybind11;
using py::literals::operator""_a;

namespace fasttest {

namespace {

using ClaimTuple = std::tuple<ResourceId, std::int32_t>;
using EntryTuple = std::tuple<FixtureId, ScopeId, std::vector<std::int32_t>, LoopId>;

std::vector<ClosureEntry> to_entries(std::vector<EntryTuple>&& tuples) {
    std::vector<ClosureEntry> entries;
    entries.reserve(tuples.size());
    for (auto& [fixture, scope_instance, dependencies, loop] : tuples)
        entries.push_back({fixture, scope_instance, std::move(dependencies), loop});
    return entries;
}

std::vector<Claim> to_claims(const std::vector<ClaimTuple>& tuples) {
    std::vector<Claim> claims;
    claims.reserve(tuples.size());
    for (const auto& [resource, units] : tuples) claims.push_back({resource, units});
    return claims;
}

std::vector<ClaimTuple> to_tuples(std::span<const Claim> claims) {
    std::vector<ClaimTuple> tuples;
    for (const Claim& claim : claims) tuples.emplace_back(claim.resource, claim.units);
    return tuples;
}

std::vector<std::vector<TestId>> to_lists(const Rows<TestId>& rows) {
    std::vector<std::vector<TestId>> lists;
    for (std::int32_t row = 0; static_cast<std::size_t>(row) < rows.size(); ++row)
        lists.emplace_back(rows[row].begin(), rows[row].end());
    return lists;
}

}  // namespace

void bind_plan(py::module_& m) {
    m.attr("SESSION") = session;
    m.attr("OWN") = own_scope;
    m.attr("NO_LOOP") = no_loop;
    m.attr("OWN_LOOP") = own_loop;

    py::class_<Plan>(m, "Plan", "The collected suite, and what follows from it before it runs.")
        .def(py::init<>())
        .def("add_scope_instance", &Plan::add_scope_instance, "scope"_a, "parent"_a)
        .def("add_fixture", &Plan::add_fixture, "name"_a)
        .def("add_loop", &Plan::add_loop, "scope_instance"_a)
        .def("add_resource", &Plan::add_resource, "name"_a, "capacity"_a)
        .def("add_rate", &Plan::add_rate, "name"_a, "starts"_a)
        .def(
            "add_closure",
            [](Plan& plan, ScopeId scope_instance, std::vector<EntryTuple> entries) {
                return plan.add_closure(scope_instance, to_entries(std::move(entries)));
            },
            "scope_instance"_a, "entries"_a)
        .def(
            "add_test",
            [](Plan& plan, ClosureId closure, const std::vector<std::int32_t>& params, LoopId loop,
               const std::vector<ClaimTuple>& claims, bool exclusive, double expected_wait) {
                return plan.add_test(closure, params, loop, to_claims(claims), exclusive,
                                     expected_wait);
            },
            "closure"_a, "params"_a = py::tuple(), "loop"_a = no_loop, "claims"_a = py::tuple(),
            "exclusive"_a = false, "expected_wait"_a = 0.0)
        .def("prepare", &Plan::prepare, "max_batch_size"_a = 0,
             py::call_guard<py::gil_scoped_release>())  // touches no Python object
        .def("batches", [](const Plan& plan) { return to_lists(plan.batches()); })
        .def("batch_of", &Plan::batch_of, "test"_a)
        .def("loop_of", &Plan::loop_of, "test"_a)
        .def("is_exclusive", &Plan::is_exclusive, "test"_a)
        .def(
            "claims_of",
            [](const Plan& plan, TestId test) { return to_tuples(plan.claims_of(test)); }, "test"_a)
        .def("resource_name", &Plan::resource_name, "resource"_a)
        .def("capacity", &Plan::capacity, "resource"_a)
        .def("is_rate", &Plan::is_rate, "resource"_a)
        .def("order",
             [](const Plan& plan) {
                 return std::vector<TestId>(plan.order().begin(), plan.order().end());
             })
        .def("instance_of", &Plan::instance_of, "test"_a, "entry"_a)
        .def_property_readonly("test_count", &Plan::test_count)
        .def_property_readonly("fixture_count", &Plan::fixture_count)
        .def_property_readonly("closure_count", &Plan::closure_count)
        .def_property_readonly("resource_count", &Plan::resource_count)
        .def_property_readonly("loop_count", &Plan::loop_count)
        .def_property_readonly("scope_instance_count", &Plan::scope_instance_count)
        .def_property_readonly("instance_count", &Plan::instance_count)
        .def_property_readonly("batch_count", &Plan::batch_count)
        .def("memory_bytes", &Plan::memory_bytes);
}

}  // namespace fasttest
