#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/orchestrator.hpp"

namespace fasttest {

/// What an executor would see: it believes the actions it gets and checks each against the laws.
///
/// It shares no code with the orchestrator. The first broken law ends up in `broken()`.
class World {
  public:
    World(const Plan& plan, const Orchestrator& orchestrator, std::int32_t concurrency);

    void admitted(TestId test);
    void held(TestId test, ScopeId scope) { lives_[test].held = scope; }
    void requested(TestId test, const Request& request);
    void request_was_rejected(TestId test);
    void handed_out(const Action& action);
    void reported(TestId test, bool ok);
    void gave_back(ResourceId rate);
    void stopped();
    void ended();

    const std::optional<std::string>& broken() const { return broken_; }
    const std::vector<TestId>& performing() const { return performing_; }
    /// Of each rate, the starts that have not been given back; nothing for those of which none is
    /// out. Empty where rates are not heeded.
    const std::map<ResourceId, std::int32_t>& starts() const { return starts_; }
    const Action& pending(TestId test) const { return lives_.at(test).frames.back().pending; }
    std::size_t depth(TestId test) const { return lives_.at(test).frames.size(); }
    bool uses(TestId test, InstanceId id) const { return lives_.at(test).uses.contains(id); }
    /// Some ready instance that the test uses and that could request something from `scope`.
    InstanceId any_used(TestId test, ScopeId scope) const;
    bool has_left_its_own(TestId test) const { return lives_.at(test).phase == Phase::over; }
    bool is_setting_up(TestId test, FixtureId fixture, ScopeId scope) const;
    /// Whether the test, which closes scope instances, is past this one.
    bool has_left(TestId test, ScopeId scope) const;
    bool is_closed(ScopeId scope) const;
    InstanceId live(FixtureId fixture, ScopeId scope) const;
    ScopeId scope_of(InstanceId id) const { return instances_.at(id).scope; }
    bool is_ready(InstanceId id) const { return instances_.at(id).state == State::ready; }
    std::size_t refused() const { return refused_; }
    std::size_t second_runs() const { return second_runs_; }

  private:
    enum class Phase { fresh, walking, tearing_down, over, ended };
    enum class State { setting_up, ready, failed, tearing_down, dead };
    struct Instance {
        FixtureId fixture;
        ScopeId scope;
        std::int32_t key;
        LoopId loop;
        std::set<InstanceId> needs;
        std::pair<TestId, std::int32_t> maker = {none, 0};  // the test and the number of its run
        State state = State::setting_up;
        bool failed = false;
        std::int32_t age = 0;
    };
    struct Frame {
        Action pending{ActionKind::nothing};
        std::optional<Request> request;
    };
    struct Life {
        Phase phase = Phase::fresh;
        std::int32_t runs = 0;
        bool overlapped = false;
        bool decided = false;
        ScopeId held = none;              // where it is to halt
        ScopeId halted = none;            // where it has halted
        bool failed = false;              // the last action it reported
        std::int32_t entry = none;        // the last one that was set up
        std::vector<std::int32_t> stack;  // its own, as they were set up
        std::set<std::int32_t> own_ready;
        bool own_loop = false;
        std::set<InstanceId> uses;
        // What it had torn down itself, by asking for another parameter of what that is built on.
        std::set<InstanceId> lost;
        std::vector<Frame> frames;
    };

    void law(bool holds, const std::string& text, const Action& action);
    bool runs(TestId test) const;
    bool is_alone(TestId test) const;
    bool never_has_company(TestId test) const;
    void see_progress(Life& life, const Action& action);
    void use_entries_before(Life& life, const Action& action, std::size_t end);
    void own_set_up(Life& life, const Action& action);
    void wide_set_up(Life& life, const Action& action);
    void called(Life& life, const Action& action);
    void set_up_failed(Life& life, const Action& action);
    void refused(Life& life, const Action& action);
    bool is_used(InstanceId id, TestId but) const;
    void own_teardown(Life& life, const Action& action);
    void wide_teardown(Life& life, const Action& action);
    void closing_teardown(const Action& action);
    void loop_opened(Life& life, const Action& action);
    void loop_closed(Life& life, const Action& action);
    void finished(Life& life, const Action& action);
    void check_loop(const Life& life, const Action& action, LoopId loop);
    bool depends(InstanceId dependent, InstanceId needed) const;
    bool has_live_dependents(InstanceId id) const;
    bool has_ended(TestId test) const;
    bool everybody_has_left(ScopeId scope, TestId but) const;
    bool alive(InstanceId id) const;

    const Plan& plan_;
    const Orchestrator& orchestrator_;
    std::int32_t concurrency_;
    std::map<TestId, Life> lives_;
    std::map<InstanceId, Instance> instances_;
    std::map<std::pair<FixtureId, ScopeId>, InstanceId> slots_;
    std::map<ResourceId, std::int32_t> starts_;
    std::set<LoopId> open_loops_;
    std::set<LoopId> opening_loops_;
    std::set<TestId> dropped_;
    std::vector<TestId> performing_;
    std::optional<std::string> broken_;
    std::int32_t set_ups_ = 0;
    std::size_t refused_ = 0;
    std::size_t second_runs_ = 0;
    bool stopped_ = false;
};

}  // namespace fasttest
