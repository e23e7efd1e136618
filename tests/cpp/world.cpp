#include "world.hpp"

#include <algorithm>
#include <utility>

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

bool World::never_has_company(TestId test) const {
    return test != none && (concurrency_ == 1 || plan_.is_exclusive(test));
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
    for (const Claim& c : plan_.claims_of(test)) taken[c.resource] += c.units;
    for (auto& [other, state] : lives_) {
        law(!never_has_company(other) || state.phase != Phase::over,
            "nothing starts before a test has ended that runs alone", action);
        if (!runs(other)) continue;
        ++others;
        law(!is_alone(other), "nothing starts beside an exclusive test", action);
        if (plan_.loop_of(test) >= 0 && plan_.loop_of(test) == plan_.loop_of(other))
            law(plan_.batch_of(test) == plan_.batch_of(other), "batches follow one another",
                action);
        for (const Claim& c : plan_.claims_of(other)) taken[c.resource] += c.units;
        state.overlapped = true;
        life.overlapped = true;
    }
    law(others == 0 || !is_alone(test), "an exclusive test starts alone", action);
    law(others < concurrency_, "the cap holds", action);
    for (const auto& [resource, count] : taken) {
        if (plan_.is_rate(resource)) continue;
        law(count <= plan_.capacity(resource), "capacities hold", action);
    }
    for (const Claim& c : plan_.claims_of(test)) {
        if (concurrency_ == 1 || !plan_.is_rate(c.resource)) continue;
        law(++starts_[c.resource] <= plan_.capacity(c.resource),
            "no more start of a rate than have been given back", action);
    }
    life.phase = Phase::walking;
}

void World::gave_back(ResourceId rate) {
    if (--starts_.at(rate) == 0) starts_.erase(rate);
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
        case ActionKind::hold:
            law(life.held != none && life.stack.empty(),
                "who was told to halt does so, once, after its own teardown", action);
            life.halted = std::exchange(life.held, none);
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

void World::reported(TestId test, bool ok) {
    Life& life = lives_[test];
    std::erase(performing_, test);
    Frame& frame = life.frames.back();
    const Action action = frame.pending;
    const bool base = life.frames.size() == 1;
    life.failed = !ok;
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

InstanceId World::any_used(TestId test, ScopeId scope) const {
    for (const InstanceId id : lives_.at(test).uses)
        if (is_ready(id) && plan_.is_within(scope_of(id), scope)) return id;
    return none;
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
    // After a stop, who has halted further out may close what others left open.
    return std::ranges::all_of(lives_, [&](const auto& item) {
        const TestId test = item.first;
        return test == none || !plan_.is_within(plan_.scope_of(test), scope) || has_ended(test);
    });
}

bool World::has_ended(TestId test) const {
    return lives_.at(test).phase == Phase::ended || dropped_.contains(test);
}

bool World::everybody_has_left(ScopeId scope, TestId but) const {
    return std::ranges::all_of(lives_, [&](const auto& item) {
        const auto& [test, life] = item;
        return test == none || test == but || !plan_.is_within(plan_.scope_of(test), scope) ||
               has_ended(test) ||
               (life.halted != none && life.halted != scope && plan_.is_within(scope, life.halted));
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
