#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "simulation.hpp"

namespace fasttest {

namespace {

constexpr std::uint32_t seeds = 3000;

void sweep(const Simulation::Options& options) {
    for (std::uint32_t seed = 0; seed < seeds && !testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Simulation(seed, options).run();
    }
}

// The laws themselves, as sentences, are in world_laws.cpp and world.cpp.
TEST(Laws, HoldWhenEverythingSucceeds) {
    sweep({.failures = 0, .requests = 0, .again = 0});
}

TEST(Laws, HoldWhenActionsFail) {
    sweep({.failures = 15, .requests = 0});
}

TEST(Laws, HoldWhenTestsRequestFixturesAtRunTime) {
    sweep({.failures = 5, .requests = 30});
}

TEST(Laws, HoldWhenTheRunIsStopped) {
    sweep({.failures = 10, .requests = 10, .stop = 2});
}

TEST(Laws, HoldWhenTestsRunOneByOne) {
    sweep({.requests = 20, .concurrency = 1});
}

TEST(Laws, HoldInAnyOrderThatASeedDraws) {
    sweep({.failures = 5, .requests = 15, .seeded = true});
}

TEST(Laws, HoldInAnyOrderThatASeedDrawsOneByOne) {
    sweep({.requests = 15, .concurrency = 1, .seeded = true});
}

// Waiting in a circle takes requests at run time: what the plan knows of never has to be refused,
// unless the teardown that was to make room for it failed.
TEST(Laws, NothingIsRefusedWithoutRequestsOrFailures) {
    for (std::uint32_t seed = 0; seed < seeds; ++seed) {
        Simulation simulation(seed, {.failures = 0, .requests = 0, .seeded = seed % 2 == 0});
        simulation.run();
        ASSERT_EQ(simulation.world().refused(), 0U) << "seed " << seed;
    }
}

// The sweep would prove little if the rare paths were never taken.
TEST(Laws, AreSweptThroughRefusalsAndSecondRunsAndRates) {
    std::size_t refused = 0;
    std::size_t second_runs = 0;
    std::size_t waited_for_rates = 0;
    for (std::uint32_t seed = 0; seed < seeds; ++seed) {
        Simulation simulation(seed, {.failures = 0, .requests = 30});
        simulation.run();
        refused += simulation.world().refused();
        second_runs += simulation.world().second_runs();
        waited_for_rates += simulation.waited_for_rates() ? 1 : 0;
    }
    EXPECT_GT(refused, 10U);
    EXPECT_GT(second_runs, 1000U);
    EXPECT_GT(waited_for_rates, 100U);
}

TEST(Laws, TheSameCompletionsGiveTheSameActions) {
    for (std::uint32_t seed = 0; seed < seeds / 10; ++seed) {
        const bool seeded = seed % 2 == 0;
        Simulation first(seed, {.seeded = seeded});
        Simulation second(seed, {.seeded = seeded});
        first.run();
        second.run();
        ASSERT_EQ(first.actions(), second.actions()) << "seed " << seed;
    }
}

TEST(Laws, BatchesAreDisjointAndComplete) {
    for (std::uint32_t seed = 0; seed < seeds; ++seed) {
        const RandomSuite suite(seed);
        const Plan& plan = suite.plan();
        std::vector<std::int32_t> seen(plan.test_count(), 0);
        for (BatchId batch = 0; static_cast<std::size_t>(batch) < plan.batch_count(); ++batch) {
            const auto tests = plan.batches()[batch];
            ASSERT_TRUE(std::ranges::is_sorted(tests));
            for (const TestId test : tests) {
                ++seen[static_cast<std::size_t>(test)];
                ASSERT_EQ(plan.batch_of(test), batch);
                ASSERT_EQ(plan.loop_of(test), plan.loop_of(tests.front()));
                ASSERT_TRUE(plan.loop_of(test) >= 0 || tests.size() == 1);
            }
        }
        ASSERT_TRUE(std::ranges::all_of(seen, [](std::int32_t times) { return times == 1; }));
    }
}

}  // namespace

}  // namespace fasttest
