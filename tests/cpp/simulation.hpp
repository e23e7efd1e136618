#pragma once

#include <cstdint>
#include <vector>

#include "core/orchestrator.hpp"
#include "random_suite.hpp"
#include "world.hpp"

namespace fasttest {

/// An executor that performs actions in any order, with failures, requests, second runs, rates and
/// stops, all drawn from a seed.
class Simulation {
  public:
    struct Options {
        std::int32_t failures = 10;    // percent of the actions
        std::int32_t requests = 15;    // percent of the set-ups, calls and teardowns
        std::int32_t again = 30;       // percent of the decisions
        std::int32_t holds = 10;       // percent of the tests
        std::int32_t stop = 0;         // percent of the steps
        std::int32_t concurrency = 0;  // 0: drawn
        bool seeded = false;           // whether the orchestrator draws, too
    };

    Simulation(std::uint32_t seed, const Options& options);

    /// Runs to the end or to the first broken law.
    void run();

    const World& world() const { return world_; }
    /// Whether there was a moment in which nobody could go on or start before a rate allowed it.
    bool waited_for_rates() const { return waited_for_rates_; }
    /// All actions in the order in which they were handed out.
    const std::vector<Action>& actions() const { return actions_; }

  private:
    void step();
    void perform(TestId test);
    void give_back();
    void hold(TestId test);
    bool request(TestId test);
    void take(const Action& action);

    Options options_;
    Dice dice_;
    RandomSuite suite_;
    std::int32_t concurrency_;
    Orchestrator orchestrator_;
    World world_;
    std::vector<Action> actions_;
    bool waited_for_rates_ = false;
};

}  // namespace fasttest
