#include <algorithm>
#include <utility>

#include "world.hpp"

namespace fasttest {

namespace {

std::size_t at(std::int32_t id) {
    return static_cast<std::size_t>(id);
}

}  // namespace

/// Finds out from the next action whether the test has done with what is its own.
void World::see_progress(Life& life, const Action& action) {
    if (life.frames.size() > 1 || life.phase != Phase::tearing_down || !life.stack.empty()) return;
    if (action.kind == ActionKind::decide) return;
    law(life.decided || !life.overlapped || life.runs > 1 || stopped_,
        "a test that was overlapped gets a decision", action);
    life.phase = Phase::over;
    life.uses.clear();
}

void World::use_entries_before(Life& life, const Action& action, std::size_t end) {
    const ClosureId closure = plan_.closure_of(action.test);
    for (std::size_t e = 0; e < end; ++e) {
        const Suite::Entry& entry = plan_.entries(closure)[e];
        if (entry.slot == none) {
            law(life.own_ready.contains(static_cast<std::int32_t>(e)),
                "nothing comes before the own fixtures it needs", action);
            continue;
        }
        const InstanceId id = orchestrator_.instance_of(action.test, e);
        if (action.kind != ActionKind::call && life.lost.contains(id)) continue;
        law(id != none && instances_.contains(id) && instances_[id].state == State::ready &&
                instances_[id].fixture == entry.fixture &&
                instances_[id].scope == entry.scope_instance &&
                instances_[id].key == plan_.param_key(action.test, e),
            "nothing comes before the wide fixtures it needs", action);
        life.uses.insert(id);
    }
}

void World::check_loop(const Life& life, const Action& action, LoopId loop) {
    if (loop == no_loop) return;
    law(loop == own_loop ? life.own_loop : open_loops_.contains(loop), "its loop is open", action);
}

void World::own_set_up(Life& life, const Action& action) {
    const auto entries = plan_.entries(plan_.closure_of(action.test));
    if (life.frames.size() > 1) {
        check_loop(life, action, life.frames.back().request->loop);
        law(at(action.entry) >= entries.size(), "requested fixtures have numbers of their own",
            action);
    } else {
        law(life.phase == Phase::walking && action.entry > life.entry, "set-ups go forward",
            action);
        life.entry = action.entry;
        use_entries_before(life, action, at(action.entry));
        check_loop(life, action, entries[at(action.entry)].loop);
    }
    law(std::ranges::count(life.stack, action.entry) == 0, "an own fixture is set up once", action);
}

void World::wide_set_up(Life& life, const Action& action) {
    law(!instances_.contains(action.instance), "an instance is created once", action);
    Instance made{};
    if (life.frames.size() > 1) {
        const Request& request = *life.frames.back().request;
        made = {request.fixture,
                request.scope_instance,
                request.param_key,
                request.loop,
                {request.dependencies.begin(), request.dependencies.end()}};
        // Making room may have taken what it was to be built on, where that had requested this.
        std::erase_if(made.needs, [&](InstanceId id) { return !alive(id); });
    } else {
        law(life.phase == Phase::walking && action.entry > life.entry, "set-ups go forward",
            action);
        life.entry = action.entry;
        use_entries_before(life, action, at(action.entry));
        const ClosureId closure = plan_.closure_of(action.test);
        const Suite::Entry& entry = plan_.entries(closure)[at(action.entry)];
        made = {entry.fixture,
                entry.scope_instance,
                plan_.param_key(action.test, at(action.entry)),
                entry.loop,
                {}};
        for (const std::int32_t d : plan_.dependencies(closure, at(action.entry)))
            made.needs.insert(orchestrator_.instance_of(action.test, at(d)));
    }
    law(live(made.fixture, made.scope) == none, "two instances of one slot never live at once",
        action);
    law(!is_closed(made.scope), "nothing is set up in a closed scope instance", action);
    check_loop(life, action, made.loop);
    for (const InstanceId id : made.needs)
        law(alive(id) && instances_[id].state != State::failed, "what it needs is alive", action);
    made.maker = {action.test, life.runs};
    slots_[{made.fixture, made.scope}] = action.instance;
    instances_[action.instance] = made;
}

void World::called(Life& life, const Action& action) {
    law(life.phase == Phase::walking, "a test is called once, after its set-up", action);
    use_entries_before(life, action, plan_.entries(plan_.closure_of(action.test)).size());
    check_loop(life, action, plan_.loop_of(action.test));
}

void World::set_up_failed(Life& life, const Action& action) {
    if (action.instance == none) return refused(life, action);
    law(alive(action.instance) && instances_[action.instance].failed,
        "dependants are given the instance that failed", action);
    const Instance& failed = instances_[action.instance];
    law(life.runs < 2 || failed.maker == std::pair(action.test, life.runs) ||
            failed.state == State::tearing_down,
        "a second run is not given what failed before", action);
    if (life.frames.size() > 1) {
        const Request& request = *life.frames.back().request;
        law(failed.fixture == request.fixture && failed.key == request.param_key,
            "what failed is what was requested", action);
        return;
    }
    const Suite::Entry& entry = plan_.entries(plan_.closure_of(action.test))[at(action.entry)];
    law(failed.fixture == entry.fixture && failed.scope == entry.scope_instance &&
            failed.key == plan_.param_key(action.test, at(action.entry)),
        "what failed is what the test needs", action);
}

/// Only what somebody else holds, or is just coming or going, can be refused.
void World::refused(Life& life, const Action& action) {
    const bool failed = std::exchange(life.failed, false);
    if (failed) return;
    ++refused_;
    FixtureId fixture = none;
    ScopeId scope = none;
    if (life.frames.size() > 1) {
        fixture = life.frames.back().request->fixture;
        scope = life.frames.back().request->scope_instance;
    } else {
        const Suite::Entry& entry = plan_.entries(plan_.closure_of(action.test))[at(action.entry)];
        fixture = entry.fixture;
        scope = entry.scope_instance;
    }
    const InstanceId held = live(fixture, scope);
    const bool tears_down = std::ranges::any_of(life.frames, [](const Frame& frame) {
        return frame.pending.kind == ActionKind::tear_down && frame.pending.instance != none;
    });
    const bool reason =
        held != none && std::ranges::any_of(instances_, [&](const auto& item) {
            const auto& [id, instance] = item;
            return alive(id) && depends(id, held) &&
                   (instance.state == State::setting_up || instance.state == State::tearing_down ||
                    is_used(id, action.test));
        });
    law(reason || tears_down, "nothing is refused without need", action);
}

bool World::is_used(InstanceId id, TestId but) const {
    return std::ranges::any_of(lives_, [&](const auto& item) {
        const auto& [test, life] = item;
        if (test == but || !runs(test)) return false;
        if (life.uses.contains(id)) return true;
        const std::size_t entries = plan_.entries(plan_.closure_of(test)).size();
        for (std::size_t e = 0; e < entries; ++e)
            if (orchestrator_.instance_of(test, e) == id) return true;
        return false;
    });
}

void World::own_teardown(Life& life, const Action& action) {
    law(life.phase == Phase::tearing_down && life.frames.size() == 1 && !life.stack.empty() &&
            life.stack.back() == action.entry,
        "own teardown is own set-up reversed", action);
    life.stack.pop_back();
}

void World::wide_teardown(Life& life, const Action& action) {
    law(alive(action.instance) && instances_[action.instance].state != State::tearing_down &&
            instances_[action.instance].state != State::setting_up,
        "what was set up is torn down once", action);
    law(!has_live_dependents(action.instance), "nothing goes before what depends on it", action);
    for (const auto& [other, state] : lives_) {
        law(other == action.test || !runs(other) || !state.uses.contains(action.instance),
            "nothing goes while somebody uses it", action);
    }
    if (life.uses.contains(action.instance)) life.lost.insert(action.instance);
    if (life.phase == Phase::walking && action.entry != none)
        life.entry = std::min(life.entry, action.entry - 1);
    instances_[action.instance].state = State::tearing_down;
    if (life.frames.size() == 1 && life.phase == Phase::over) {
        law(life.held == none || !plan_.is_within(life.held, scope_of(action.instance)),
            "nothing of the scopes that stay goes before the halt", action);
        return closing_teardown(action);
    }
    // Outside its scope's end an instance goes only to make room for another parameter, or for
    // the second chance of a run that is repeated.
    const auto makes_room = [&](FixtureId fixture, ScopeId scope, std::int32_t key) {
        const InstanceId held = live(fixture, scope);
        return held != none && depends(action.instance, held) &&
               (instances_[held].key != key || (life.runs > 1 && !is_ready(held)));
    };
    bool reason = false;
    if (life.frames.size() > 1) {
        const Request& request = *life.frames.back().request;
        reason = makes_room(request.fixture, request.scope_instance, request.param_key);
    } else {
        const auto entries = plan_.entries(plan_.closure_of(action.test));
        for (std::size_t e = 0; e < entries.size(); ++e)
            reason = reason || makes_room(entries[e].fixture, entries[e].scope_instance,
                                          plan_.param_key(action.test, e));
    }
    law(reason, "an instance lives to the end of its scope or of its parameter", action);
}

void World::closing_teardown(const Action& action) {
    const Instance& going = instances_[action.instance];
    law(everybody_has_left(going.scope, action.test), "a scope ends with its last test", action);
    auto last = static_cast<TestId>(plan_.test_count() - 1);
    while (last > action.test && !plan_.is_within(plan_.scope_of(last), going.scope)) --last;
    law(stopped_ || last <= action.test || never_has_company(last),
        "the last test in collection order closes the scope, if it may linger", action);
    for (const auto& [id, other] : instances_) {
        if (!alive(id) || id == action.instance) continue;
        law(other.scope == going.scope || !plan_.is_within(other.scope, going.scope),
            "inner scopes end first", action);
        law(other.scope != going.scope || other.age < going.age || has_live_dependents(id),
            "within a scope instance teardown is set-up reversed", action);
    }
}

void World::loop_opened(Life& life, const Action& action) {
    if (action.instance == own_loop) {
        law(!life.own_loop, "an open loop is not opened", action);
        return;
    }
    law(!open_loops_.contains(action.instance) && opening_loops_.insert(action.instance).second,
        "an open loop is not opened", action);
    law(!is_closed(plan_.loop_scope(action.instance)), "no loop opens in a closed scope", action);
}

void World::loop_closed(Life& life, const Action& action) {
    if (action.instance == own_loop) {
        law(!life.stack.empty() && life.stack.back() == own_loop,
            "the own loop closes where it opened", action);
        life.stack.pop_back();
        return;
    }
    law(open_loops_.erase(action.instance) == 1, "only open loops are closed", action);
    law(everybody_has_left(plan_.loop_scope(action.instance), action.test),
        "a loop lives to the end of its scope", action);
    for (const auto& [id, instance] : instances_)
        law(!alive(id) || instance.loop != action.instance, "a loop outlives what runs on it",
            action);
}

void World::finished(Life& life, const Action& action) {
    law(life.frames.size() == 1 && life.stack.empty(), "a test ends after its teardown", action);
    if (action.test == none) return;
    law(life.phase == Phase::over, "a test ends once", action);
    const bool again = life.decided && life.frames.back().pending.kind == ActionKind::decide &&
                       life.frames.back().pending.entry == 0;
    law(again || life.held == none, "who was told to halt does so before it ends", action);
    life.held = life.halted = none;
    life.phase = again ? Phase::fresh : Phase::ended;
    second_runs_ += again ? 1 : 0;
}

}  // namespace fasttest
