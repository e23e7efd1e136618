#include <pybind11/stl.h>

#include <utility>
#include <vector>

#include "bindings/bindings.hpp"
#include "core/orchestrator.hpp"

namespace py = pybind11;
using py::literals::operator""_a;

namespace fasttest {

namespace {

py::tuple to_tuple(const Action& action) {
    return py::make_tuple(static_cast<int>(action.kind), action.test, action.entry,
                          action.instance);
}

void bind_kinds(py::module_& m) {
    const auto bind = [&m](const char* name, ActionKind kind) {
        m.attr(name) = static_cast<int>(kind);
    };
    bind("OPEN_LOOP", ActionKind::open_loop);
    bind("SET_UP", ActionKind::set_up);
    bind("CALL", ActionKind::call);
    bind("TEAR_DOWN", ActionKind::tear_down);
    bind("CLOSE_LOOP", ActionKind::close_loop);
    bind("WAIT", ActionKind::wait);
    bind("FINISHED", ActionKind::finished);
    bind("RESUME", ActionKind::resume);
    bind("SET_UP_FAILED", ActionKind::set_up_failed);
    bind("NOTHING", ActionKind::nothing);
    bind("DECIDE", ActionKind::decide);
    bind("START", ActionKind::start);
    bind("HOLD", ActionKind::hold);
}

}  // namespace

void bind_orchestrator(py::module_& m) {
    bind_kinds(m);
    py::class_<Orchestrator>(m, "Orchestrator",
                             "Hands out what to do for each test and is told how it ended.")
        .def(py::init<const Plan&, std::int32_t, Seed>(), "plan"_a, "concurrency"_a,
             "seed"_a = py::none(), py::keep_alive<1, 2>())  // the orchestrator borrows the plan
        .def(
            "admit", [](Orchestrator& self, bool idle) { return to_tuple(self.admit(idle)); },
            "idle"_a = true)
        .def(
            "done",
            [](Orchestrator& self, TestId test, bool ok) { return to_tuple(self.done(test, ok)); },
            "test"_a, "ok"_a)
        .def(
            "request",
            [](Orchestrator& self, TestId test, FixtureId fixture, ScopeId scope_instance,
               std::int32_t param_key, LoopId loop, std::vector<InstanceId> dependencies,
               InstanceId requester, bool renew) {
                return to_tuple(self.request(test, {fixture, scope_instance, param_key, loop,
                                                    std::move(dependencies), requester, renew}));
            },
            "test"_a, "fixture"_a, "scope_instance"_a, "param_key"_a = none, "loop"_a = no_loop,
            "dependencies"_a = py::tuple(), "requester"_a = none, "renew"_a = false)
        .def(
            "refuse", [](Orchestrator& self, TestId test) { return to_tuple(self.refuse(test)); },
            "test"_a)
        .def("hold", &Orchestrator::hold, "test"_a, "scope_instance"_a)
        .def("give_back", &Orchestrator::give_back, "rate"_a)
        .def("get_ready",
             [](Orchestrator& self) {
                 py::list actions;
                 for (const Action& action : self.get_ready()) actions.append(to_tuple(action));
                 return actions;
             })
        .def("has_ready", &Orchestrator::has_ready)
        .def("stop", &Orchestrator::stop)
        .def("dropped",
             [](const Orchestrator& self) {
                 return std::vector<TestId>(self.dropped().begin(), self.dropped().end());
             })
        .def("is_active", &Orchestrator::is_active)
        .def("in_flight", &Orchestrator::in_flight)
        .def("waiting", &Orchestrator::waiting)
        .def("overlapped", &Orchestrator::overlapped, "test"_a)
        .def("waited_for", &Orchestrator::waited_for, "test"_a)
        .def("instance_of", &Orchestrator::instance_of, "test"_a, "entry"_a);
}

}  // namespace fasttest
