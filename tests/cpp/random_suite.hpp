#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "core/plan.hpp"

namespace fasttest {

/// A generator whose numbers are the same on every platform.
class Dice {
  public:
    explicit Dice(std::uint32_t seed) : engine_(seed) {}

    /// 0 <= result < sides
    std::int32_t roll(std::int32_t sides) {
        return static_cast<std::int32_t>(engine_() % static_cast<std::uint32_t>(sides));
    }
    bool chance(std::int32_t percent) { return roll(100) < percent; }

  private:
    std::mt19937 engine_;
};

/// A small suite drawn from a seed: modules with classes, fixtures of every scope that depend on
/// one another, parameters, loops, resources, rates, exclusive tests.
class RandomSuite {
  public:
    struct Fixture {
        Scope scope;
        std::vector<FixtureId> dependencies;  // lower ids, of the same scope or wider
        bool parametrized;
        Scope loop_scope;  // Scope::function: the test's own loop
        bool on_loop;
    };

    explicit RandomSuite(std::uint32_t seed);

    const Plan& plan() const { return plan_; }
    Plan& plan() { return plan_; }
    const std::vector<Fixture>& fixtures() const { return fixtures_; }
    /// Where a fixture of that scope lives for tests of `inner`; none if there is no such place.
    ScopeId place(Scope scope, ScopeId inner) const;
    LoopId loop(const Fixture& fixture, ScopeId inner) const;
    /// The parameter of a fixture for a test, whether its closure names the fixture or not.
    std::int32_t param_key(TestId test, FixtureId fixture) const {
        return params_[static_cast<std::size_t>(test)][static_cast<std::size_t>(fixture)];
    }

  private:
    void add_scopes(Dice& dice);
    void add_fixtures(Dice& dice);
    void add_tests(Dice& dice);
    ClosureId add_closure(Dice& dice, ScopeId scope, std::vector<FixtureId>& needed);

    Plan plan_;
    std::vector<Scope> kinds_;   // per scope instance
    std::vector<LoopId> loops_;  // per scope instance
    std::vector<Fixture> fixtures_;
    std::vector<ScopeId> leaves_;  // where tests live, in collection order
    std::vector<ResourceId> resources_;
    std::vector<ResourceId> rates_;
    std::vector<std::vector<std::int32_t>> params_;  // per test, per fixture
};

}  // namespace fasttest
