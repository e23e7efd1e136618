#include "random_suite.hpp"

#include <algorithm>
#include <string>

namespace fasttest {

namespace {

std::size_t at(std::int32_t id) {
    return static_cast<std::size_t>(id);
}

}  // namespace

RandomSuite::RandomSuite(std::uint32_t seed) {
    Dice dice(seed);
    add_scopes(dice);
    add_fixtures(dice);
    add_tests(dice);
    plan_.prepare(at(dice.roll(5)));
}

void RandomSuite::add_scopes(Dice& dice) {
    kinds_ = {Scope::session};
    for (std::int32_t modules = 1 + dice.roll(3); modules > 0; --modules) {
        const ScopeId module = plan_.add_scope_instance(Scope::module, session);
        kinds_.push_back(Scope::module);
        leaves_.push_back(module);
        for (std::int32_t classes = dice.roll(3); classes > 0; --classes) {
            leaves_.push_back(plan_.add_scope_instance(Scope::class_, module));
            kinds_.push_back(Scope::class_);
        }
    }
    for (ScopeId scope = 0; at(scope) < kinds_.size(); ++scope)
        loops_.push_back(plan_.add_loop(scope));
    for (std::int32_t count = dice.roll(3); count > 0; --count)
        resources_.push_back(plan_.add_resource("resource", 1 + dice.roll(3)));
    for (std::int32_t count = dice.roll(3); count > 0; --count)
        rates_.push_back(plan_.add_rate("rate", 1 + dice.roll(4)));
}

void RandomSuite::add_fixtures(Dice& dice) {
    static constexpr Scope scopes[] = {Scope::function, Scope::class_, Scope::module,
                                       Scope::session};
    for (std::int32_t count = dice.roll(9); count > 0; --count) {
        const auto depth = dice.roll(4);
        Fixture fixture{scopes[depth],
                        {},
                        dice.chance(30),
                        scopes[depth + dice.roll(4 - depth)],
                        dice.chance(50)};
        for (FixtureId id = 0; at(id) < fixtures_.size(); ++id)
            if (fixtures_[at(id)].scope >= fixture.scope && dice.chance(30))
                fixture.dependencies.push_back(id);
        plan_.add_fixture("fixture");
        fixtures_.push_back(fixture);
    }
}

void RandomSuite::add_tests(Dice& dice) {
    for (const ScopeId leaf : leaves_) {
        for (std::int32_t closures = dice.roll(3); closures > 0; --closures) {
            std::vector<FixtureId> needed;
            const ClosureId closure = add_closure(dice, leaf, needed);
            for (std::int32_t tests = dice.roll(7); tests > 0; --tests) {
                std::vector<std::int32_t> all;
                for (const Fixture& fixture : fixtures_)
                    all.push_back(fixture.parametrized ? dice.roll(2) : none);
                std::vector<std::int32_t> params;
                for (const FixtureId id : needed) params.push_back(all[at(id)]);
                params_.push_back(all);
                LoopId loop = no_loop - dice.roll(2);  // no_loop or own_loop
                if (dice.chance(40)) {
                    ScopeId scope = leaf;
                    while (scope != session && dice.chance(50)) scope = plan_.parent(scope);
                    loop = loops_[at(scope)];
                }
                std::vector<Claim> claims;
                for (const ResourceId id : resources_)
                    if (dice.chance(30)) claims.push_back({id, 1 + dice.roll(plan_.capacity(id))});
                for (const ResourceId id : rates_)
                    if (dice.chance(40)) claims.push_back({id, 1});
                plan_.add_test(closure, params, loop, claims, dice.chance(10),
                               dice.chance(20) ? 0.1 * dice.roll(4) : 0.0);
            }
        }
    }
}

ClosureId RandomSuite::add_closure(Dice& dice, ScopeId scope, std::vector<FixtureId>& needed) {
    std::vector<bool> wanted(fixtures_.size());
    for (std::size_t id = fixtures_.size(); id-- > 0;) {
        wanted[id] = wanted[id] || dice.chance(35);
        wanted[id] = wanted[id] && (fixtures_[id].scope == Scope::function ||
                                    place(fixtures_[id].scope, scope) != none);
        if (!wanted[id]) continue;
        for (const FixtureId dependency : fixtures_[id].dependencies) wanted[at(dependency)] = true;
    }
    std::vector<ClosureEntry> entries;
    std::vector<std::int32_t> position(fixtures_.size(), none);
    for (FixtureId id = 0; at(id) < fixtures_.size(); ++id) {
        const Fixture& fixture = fixtures_[at(id)];
        if (!wanted[at(id)]) continue;
        std::vector<std::int32_t> dependencies;
        for (const FixtureId dependency : fixture.dependencies)
            if (position[at(dependency)] != none) dependencies.push_back(position[at(dependency)]);
        position[at(id)] = static_cast<std::int32_t>(entries.size());
        entries.push_back({id, place(fixture.scope, scope), dependencies, loop(fixture, scope)});
        needed.push_back(id);
    }
    return plan_.add_closure(scope, entries);
}

ScopeId RandomSuite::place(Scope scope, ScopeId inner) const {
    while (inner != none && kinds_[at(inner)] != scope) inner = plan_.parent(inner);
    return inner;  // for a function there is none, which is own_scope
}

LoopId RandomSuite::loop(const Fixture& fixture, ScopeId inner) const {
    if (!fixture.on_loop) return no_loop;
    const ScopeId scope = place(fixture.loop_scope, inner);
    return scope == none ? (fixture.loop_scope == Scope::function ? own_loop : no_loop)
                         : loops_[at(scope)];
}

}  // namespace fasttest
