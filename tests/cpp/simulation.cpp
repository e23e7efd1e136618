#include "simulation.hpp"

#include <gtest/gtest.h>

#include <iterator>

#include "core/errors.hpp"

namespace fasttest {

Simulation::Simulation(std::uint32_t seed, const Options& options)
    : options_(options),
      dice_(seed + 1'000'000),
      suite_(seed),
      concurrency_(options.concurrency != 0 ? options.concurrency : 1 + dice_.roll(6)),
      orchestrator_(suite_.plan(), concurrency_, options.seeded ? Seed(seed) : std::nullopt),
      world_(suite_.plan(), orchestrator_, concurrency_) {}

void Simulation::run() {
    while (orchestrator_.is_active() && !world_.broken() && !testing::Test::HasFailure()) step();
    if (!world_.broken()) world_.ended();
    if (world_.broken()) ADD_FAILURE() << *world_.broken();
}

void Simulation::step() {
    if (orchestrator_.has_ready() && dice_.chance(70))
        for (const Action& action : orchestrator_.get_ready()) take(action);
    if (dice_.chance(options_.stop)) {
        orchestrator_.stop();
        world_.stopped();
    }
    if (!world_.starts().empty() && dice_.chance(5)) give_back();
    const auto& performing = world_.performing();
    if (!performing.empty() && dice_.chance(60)) {
        perform(performing[static_cast<std::size_t>(
            dice_.roll(static_cast<std::int32_t>(performing.size())))]);
        return;
    }
    const bool idle = performing.empty() || !options_.seeded || dice_.chance(50);
    const Action first = orchestrator_.admit(idle);
    if (first.kind != ActionKind::nothing) {
        world_.admitted(first.test);
        take(first);
        if (dice_.chance(options_.holds)) hold(first.test);
    } else if (performing.empty() && !orchestrator_.has_ready() && orchestrator_.is_active()) {
        waited_for_rates_ = waited_for_rates_ || !world_.starts().empty();
        if (world_.starts().empty()) {
            ADD_FAILURE() << "deadlock: " << orchestrator_.waiting() << " wait";
        } else {
            give_back();
        }
    }
}

/// As if the period of some rate was over for one of those that have started.
void Simulation::give_back() {
    auto rate = world_.starts().begin();
    std::advance(rate, dice_.roll(static_cast<std::int32_t>(world_.starts().size())));
    const ResourceId id = rate->first;
    world_.gave_back(id);
    orchestrator_.give_back(id);
}

void Simulation::perform(TestId test) {
    const ActionKind kind = world_.pending(test).kind;
    const bool may_request =
        kind == ActionKind::set_up || kind == ActionKind::call || kind == ActionKind::tear_down;
    if (may_request && test != none && world_.depth(test) < 4 && dice_.chance(options_.requests) &&
        request(test)) {
        return;
    }
    const bool ok = !dice_.chance(kind == ActionKind::decide ? options_.again : options_.failures);
    world_.reported(test, ok);
    take(orchestrator_.done(test, ok));
}

/// Has a test that was just admitted halt somewhere on its way out.
void Simulation::hold(TestId test) {
    ScopeId scope = suite_.plan().scope_of(test);
    while (scope != session && dice_.chance(50)) scope = suite_.plan().parent(scope);
    orchestrator_.hold(test, scope);
    world_.held(test, scope);
}

bool Simulation::request(TestId test) {
    const auto& fixtures = suite_.fixtures();
    if (fixtures.empty()) return false;
    const FixtureId id = dice_.roll(static_cast<std::int32_t>(fixtures.size()));
    const RandomSuite::Fixture& fixture = fixtures[static_cast<std::size_t>(id)];
    const Plan& plan = suite_.plan();
    const ScopeId inner = plan.scope_of(test);
    const ScopeId scope = suite_.place(fixture.scope, inner);
    const bool own = fixture.scope == Scope::function;
    if (!own && scope == none) return false;

    Request request{id, scope, suite_.param_key(test, id), suite_.loop(fixture, inner), {}, none};
    const Action pending = world_.pending(test);
    if (!own) {
        for (const FixtureId needed : fixture.dependencies) {
            const InstanceId live = world_.live(
                needed, suite_.place(fixtures[static_cast<std::size_t>(needed)].scope, inner));
            if (live != none && world_.uses(test, live) && world_.is_ready(live))
                request.dependencies.push_back(live);
        }
        const bool wide = pending.kind != ActionKind::call && pending.instance != none;
        if (wide && dice_.chance(80) && plan.is_within(world_.scope_of(pending.instance), scope))
            request.requester = pending.instance;
        // An object that a fixture has handed out may ask for more when the test uses it.
        const InstanceId late = world_.any_used(test, scope);
        if (pending.kind == ActionKind::call && dice_.chance(50)) request.requester = late;
    }
    const bool leaving = world_.has_left_its_own(test);
    const bool legal =
        own ? !leaving
            : !world_.is_setting_up(test, id, scope) && !(leaving && world_.has_left(test, scope));
    world_.requested(test, request);
    try {
        take(orchestrator_.request(test, request));
    } catch (const OrchestratorError& error) {
        EXPECT_FALSE(legal) << error.what();
        world_.request_was_rejected(test);
        return false;
    }
    return true;
}

void Simulation::take(const Action& action) {
    actions_.push_back(action);
    world_.handed_out(action);
}

}  // namespace fasttest
