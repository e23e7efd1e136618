#include "world.hpp"

#include <algorithm>

namespace fasttest {

namespace {

std::size_t at(std::int32_t id) {
    return static_cast<std::size_t>(id);
}

}  // namespace

World::World(const Plan& plan, const Orchestrator& orchestrator, std::int32_t concurrency)
    : plan_(plan), orchestrator_(orchestrator), concurrency_(concurrency) {
    for (TestId test = 0; at(test) < plan.test_count(); ++test) lives_[test] = {};
    lives_[none].phase = Phase::over;
    lives_[none].frames.resize(1);
}

void World::law(bool holds, const std::string& text, const Action& action) {
    if (holds || broken_) return;
    broken_ = text + "; kind " + std::to_string(static_cast<int>(action.kind)) + ", test " +
              std::to_string(action.test) + ", entry " + std::to_string(action.entry) +
              ", instance " + std::to_string(action.instance);
}

bool World::runs(TestId test) const {
    const Phase phase = lives_.at(test).phase;
    return test != none && (phase == Phase::walking || phase == Phase::tearing_down);
}

bool World::is_alone(TestId test) const {
    return concurrency_ > 1 && (plan_.is_exclusive(test) || lives_.at(test).runs > 1);
}

void World::admitted(TestId test) {
    const Action action{ActionKind::nothing, test};
    Life& life = lives_[test];
    law(life.phase == Phase::fresh, "a test starts once, or again after a failed decision", action);
    law(!stopped_, "nothing starts after stop()", action);
    const std::int32_t runs_before = life.runs;
    life = {};
    life.runs = runs_before + 1;
    life.frames.resize(1);
    std::int32_t others = 0;
    std::map<ResourceId, std::int32_t> taken;
    for (const ResourceId r : plan_.resources_of(test)) ++taken[r];
    for (auto& [other, state] : lives_) {
        if (!runs(other)) continue;
        ++others;
        law(!is_alone(other), "nothing starts beside an exclusive test", action);
        if (plan_.loop_of(test) >= 0 && plan_.loop_of(test) == plan_.loop_of(other))
            law(plan_.batch_of(test) == plan_.batch_of(other), "batches follow one another",
                action);
        for (const ResourceId r : plan_.resources_of(other)) ++taken[r];
        state.overlapped = true;
        life.overlapped = true;
    }
    law(others == 0 || !is_alone(test), "an exclusive test starts alone", action);
    law(others < concurrency_, "the cap holds", action);
    for (const auto& [resource, count] : taken)
        law(count <= plan_.capacity(resource), "capacities hold", action);
    life.phase = Phase::walking;
}

void World::requested(TestId test, const Request& request) {
    std::erase(performing_, test);
    lives_[test].frames.push_back({{ActionKind::nothing}, request});
    for (const InstanceId id : request.dependencies) lives_[test].uses.insert(id);
}

void World::request_was_rejected(TestId test) {
    lives_[test].frames.pop_back();
    performing_.push_back(test);
}

void World::handed_out(const Action& action) {
    Life& life = lives_[action.test];
    see_progress(life, action);
    law(std::ranges::count(performing_, action.test) == 0, "one action at a time", action);
    switch (action.kind) {
        case ActionKind::open_loop:
            loop_opened(life, action);
            break;
        case ActionKind::set_up:
            action.instance == none ? own_set_up(life, action) : wide_set_up(life, action);
            break;
        case ActionKind::call:
            called(life, action);
            break;
        case ActionKind::tear_down:
            action.instance == none ? own_teardown(life, action) : wide_teardown(life, action);
            break;
        case ActionKind::close_loop:
            loop_closed(life, action);
            break;
        case ActionKind::set_up_failed:
            set_up_failed(life, action);
            break;
        case ActionKind::finished:
            finished(life, action);
            return;
        case ActionKind::start:
            law(life.entry == none && life.stack.empty() && life.uses.empty(),
                "a test begins with its start", action);
            break;
        case ActionKind::decide:
            law(life.phase == Phase::tearing_down && life.stack.empty() && life.runs == 1,
                "decisions come between the test's own teardown and leaving", action);
            life.decided = true;
            break;
        case ActionKind::resume:
            law(life.frames.size() > 1, "only requests resume", action);
            if (action.instance == none) {
                law(life.own_ready.contains(action.entry), "what is resumed with is ready", action);
            } else {
                const Request& request = *life.frames.back().request;
                law(alive(action.instance) && instances_[action.instance].state != State::failed &&
                        live(request.fixture, request.scope_instance) == action.instance &&
                        instances_[action.instance].key == request.param_key,
                    "what is resumed with is what was requested, alive", action);
                life.uses.insert(action.instance);
                if (alive(request.requester) && !depends(action.instance, request.requester))
                    instances_[request.requester].needs.insert(action.instance);
            }
            life.frames.pop_back();
            performing_.push_back(action.test);
            return;
        case ActionKind::wait:
            return;
        case ActionKind::nothing:
            law(false, "nothing is not for a running test", action);
            return;
    }
    if (action.kind == ActionKind::set_up_failed && life.frames.size() > 1) {
        life.frames.pop_back();
    } else {
        life.frames.back().pending = action;
    }
    performing_.push_back(action.test);
}

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
    slots_[{made.fixture, made.scope}] = action.instance;
    instances_[action.instance] = made;
}

void World::called(Life& life, const Action& action) {
    law(life.phase == Phase::walking, "a test is called once, after its set-up", action);
    use_entries_before(life, action, plan_.entries(plan_.closure_of(action.test)).size());
    check_loop(life, action, plan_.loop_of(action.test));
}

void World::set_up_failed(Life& life, const Action& action) {
    if (action.instance == none) {
        ++refused_;
        return;
    }
    law(alive(action.instance) && instances_[action.instance].failed,
        "dependants are given the instance that failed", action);
    const Instance& failed = instances_[action.instance];
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
    if (life.frames.size() == 1 && life.phase == Phase::over) return closing_teardown(action);
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
    life.phase = again ? Phase::fresh : Phase::ended;
    second_runs_ += again ? 1 : 0;
}

void World::reported(TestId test, bool ok) {
    Life& life = lives_[test];
    std::erase(performing_, test);
    Frame& frame = life.frames.back();
    const Action action = frame.pending;
    const bool base = life.frames.size() == 1;
    switch (action.kind) {
        case ActionKind::open_loop:
            if (action.instance == own_loop) {
                life.own_loop = ok;
                if (ok) life.stack.push_back(own_loop);
            } else {
                opening_loops_.erase(action.instance);
                if (ok) open_loops_.insert(action.instance);
            }
            if (base && !ok) life.phase = Phase::tearing_down;
            break;
        case ActionKind::set_up:
            if (action.instance == none) {
                life.stack.push_back(action.entry);
                if (ok) life.own_ready.insert(action.entry);
            } else {
                instances_[action.instance].state = ok ? State::ready : State::failed;
                instances_[action.instance].failed = !ok;
                instances_[action.instance].age = set_ups_++;
                if (base && ok) life.uses.insert(action.instance);
            }
            if (base && !ok) life.phase = Phase::tearing_down;
            break;
        case ActionKind::close_loop:
            if (action.instance == own_loop) life.own_loop = false;
            break;
        case ActionKind::start:
            if (!ok) life.phase = Phase::tearing_down;
            break;
        case ActionKind::tear_down:
            if (action.instance != none) instances_[action.instance].state = State::dead;
            break;
        case ActionKind::call:
        case ActionKind::set_up_failed:
            life.phase = Phase::tearing_down;
            break;
        case ActionKind::decide:
            // Remembered for finished(); after stop() there are no second runs.
            frame.pending.entry = ok || stopped_ ? none : 0;
            break;
        default:
            break;
    }
}

void World::stopped() {
    stopped_ = true;
    dropped_.insert(orchestrator_.dropped().begin(), orchestrator_.dropped().end());
    for (const TestId test : dropped_)
        law(lives_[test].phase == Phase::fresh, "only what does not run is dropped",
            {ActionKind::nothing, test});
}

void World::ended() {
    const Action action{ActionKind::nothing};
    for (const auto& [id, instance] : instances_)
        law(instance.state == State::dead, "everything that was set up is torn down",
            {ActionKind::nothing, none, none, id});
    law(open_loops_.empty(), "every loop is closed", action);
    for (const auto& [test, life] : lives_) {
        if (test == none) continue;
        law(dropped_.contains(test) ? life.phase == Phase::fresh : life.phase == Phase::ended,
            "every test ends once or is dropped", {ActionKind::nothing, test});
    }
}

bool World::is_setting_up(TestId test, FixtureId fixture, ScopeId scope) const {
    return std::ranges::any_of(lives_.at(test).frames, [&](const Frame& frame) {
        const Action& pending = frame.pending;
        return pending.kind == ActionKind::set_up && pending.instance != none &&
               pending.instance == live(fixture, scope);
    });
}

bool World::has_left(TestId test, ScopeId scope) const {
    return !plan_.is_within(scope_of(lives_.at(test).frames.front().pending.instance), scope);
}

bool World::is_closed(ScopeId scope) const {
    return everybody_has_left(scope, none);
}

bool World::everybody_has_left(ScopeId scope, TestId but) const {
    return std::ranges::all_of(lives_, [&](const auto& item) {
        const auto& [test, life] = item;
        return test == none || test == but || !plan_.is_within(plan_.scope_of(test), scope) ||
               life.phase == Phase::ended || dropped_.contains(test);
    });
}

InstanceId World::live(FixtureId fixture, ScopeId scope) const {
    const auto found = slots_.find({fixture, scope});
    return found != slots_.end() && alive(found->second) ? found->second : none;
}

bool World::alive(InstanceId id) const {
    const auto found = instances_.find(id);
    return found != instances_.end() && found->second.state != State::dead;
}

bool World::depends(InstanceId dependent, InstanceId needed) const {
    return dependent == needed ||
           std::ranges::any_of(instances_.at(dependent).needs,
                               [&](InstanceId id) { return alive(id) && depends(id, needed); });
}

bool World::has_live_dependents(InstanceId id) const {
    return std::ranges::any_of(instances_, [&](const auto& item) {
        return alive(item.first) && item.second.needs.contains(id);
    });
}

}  // namespace fasttest
