#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "core/orchestrator.hpp"

namespace fasttest {

/// Tests of the orchestrator write suites by name and read actions as short strings.
///
/// `set_up 0:db` is the set-up of fixture db in the stream of test 0.
class Script : public testing::Test {
  protected:
    FixtureId fixture(const std::string& name) { return plan.add_fixture(name); }
    ClosureId closure(ScopeId scope, const std::vector<ClosureEntry>& entries) {
        return plan.add_closure(scope, entries);
    }
    TestId test(ClosureId closure, const std::vector<std::int32_t>& params = {},
                LoopId loop = no_loop) {
        return plan.add_test(closure, params, loop, {}, false, 0);
    }
    void start(std::int32_t concurrency) {
        plan.prepare();
        run.emplace(plan, concurrency);
    }

    /// Admits a test and answers its start; returns its first real action.
    std::string admit() {
        const Action action = run->admit();
        return action.kind == ActionKind::start ? done(action.test) : text(action);
    }
    std::string done(TestId test, bool ok = true) { return text(run->done(test, ok)); }
    /// Answers the test's actions with success up to one of the given text (which stays pending).
    void go_to(TestId test, const std::string& wanted) {
        for (int steps = 0; steps < 100; ++steps)
            if (done(test) == wanted) return;
        FAIL() << "test " << test << " never got to " << wanted;
    }
    std::string request(TestId test, const Request& request) {
        return text(run->request(test, request));
    }
    std::vector<std::string> ready() {
        std::vector<std::string> texts;
        for (const Action& action : run->get_ready()) texts.push_back(text(action));
        return texts;
    }
    /// Runs one test after another to the end; returns all actions.
    std::vector<std::string> run_all() {
        std::vector<std::string> texts;
        while (run->is_active()) {
            Action action = run->admit();
            while (action.kind != ActionKind::finished && action.kind != ActionKind::wait &&
                   action.kind != ActionKind::nothing) {
                if (action.kind != ActionKind::start) texts.push_back(text(action));
                action = run->done(action.test, true);
            }
            if (action.kind == ActionKind::nothing) break;
        }
        return texts;
    }

    std::string text(const Action& action) {
        static const std::vector<std::string> kinds{
            "open_loop", "set_up",        "call",    "tear_down", "close_loop", "wait", "finished",
            "resume",    "set_up_failed", "nothing", "decide",    "start",      "hold"};
        std::string result = kinds.at(static_cast<std::size_t>(action.kind));
        if (action.kind == ActionKind::nothing) return result;
        result += " " + std::to_string(action.test);
        if (action.kind == ActionKind::open_loop || action.kind == ActionKind::close_loop)
            return result + (action.instance == own_loop ? ":own" : ":loop");
        if (action.kind == ActionKind::set_up && action.instance != none) {
            const std::string label =
                action.entry == none ? "requested" : name(action.test, action.entry);
            labels.resize(std::max(labels.size(), static_cast<std::size_t>(action.instance) + 1));
            labels[static_cast<std::size_t>(action.instance)] = label;
        }
        if (action.instance != none)
            return result + ":" + labels[static_cast<std::size_t>(action.instance)];
        if (action.entry != none) return result + ":" + name(action.test, action.entry);
        return result;
    }
    std::string name(TestId test, std::int32_t number) const {
        const auto entries = plan.entries(plan.closure_of(test));
        const auto entry = static_cast<std::size_t>(number);
        return entry < entries.size() ? plan.fixture_name(entries[entry].fixture)
                                      : "own " + std::to_string(number);
    }

    Plan plan;
    ScopeId module = plan.add_scope_instance(Scope::module, session);
    std::optional<Orchestrator> run;
    std::vector<std::string> labels;  // per instance: the fixture's name
};

using Texts = std::vector<std::string>;

}  // namespace fasttest
