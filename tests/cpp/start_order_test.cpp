#include "core/start_order.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "random_suite.hpp"

namespace fasttest {

namespace {

constexpr std::uint64_t seeds = 500;

class StartOrderTest : public testing::Test {
  protected:
    void add(LoopId loop, double wait = 0) { plan.add_test(closure, {}, loop, {}, false, wait); }

    Plan plan;
    ClosureId closure = plan.add_closure(session, {});
};

TEST(StartOrder, IsAPermutationAndTheSameForTheSameSeed) {
    for (std::uint32_t seed = 0; seed < seeds; ++seed) {
        const RandomSuite suite(seed);
        const bool serial = seed % 2 == 0;
        const std::vector<TestId> order = start_order(suite.plan(), serial, seed);
        EXPECT_EQ(order, start_order(suite.plan(), serial, seed));
        EXPECT_EQ(std::set(order.begin(), order.end()).size(), suite.plan().test_count());
        EXPECT_EQ(order.size(), suite.plan().test_count());
    }
}

TEST_F(StartOrderTest, IsThePlansWithoutASeed) {
    add(no_loop), add(own_loop, 1), add(own_loop, 5);
    plan.prepare();
    EXPECT_EQ(start_order(plan, false, std::nullopt), (std::vector<TestId>{2, 1, 0}));
    EXPECT_EQ(start_order(plan, true, std::nullopt), (std::vector<TestId>{0, 1, 2}));
}

// Only what waits may ever have been moved up: sync tests keep their order among themselves.
TEST_F(StartOrderTest, MovesUpOnlyTestsThatMayWait) {
    add(no_loop), add(own_loop), add(no_loop), add(own_loop), add(no_loop, 0.01);
    plan.prepare();
    std::set<std::vector<TestId>> seen;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        const std::vector<TestId> order = start_order(plan, false, seed);
        const auto place = [&](TestId test) { return std::ranges::find(order, test); };
        EXPECT_LT(place(0), place(2));
        for (const TestId mover : {1, 3, 4})  // moved to the front, or left where it was
            EXPECT_TRUE(place(mover) < place(0) || place(mover) > place(mover == 1 ? 0 : 2));
        seen.insert(order);
    }
    // Each of the three moved or not, those that are in any order: 1 + 3 * 1 + 3 * 2 + 6.
    EXPECT_EQ(seen.size(), 16U);
}

TEST(StartOrder, FinishesEachScopeInstanceBeforeTheNextWhereTestsRunOneByOne) {
    Plan plan;
    for (int m = 0; m < 2; ++m) {
        const ScopeId module = plan.add_scope_instance(Scope::module, session);
        const ClosureId closure = plan.add_closure(module, {});
        for (int i = 0; i < 3; ++i) plan.add_test(closure, {}, no_loop, {}, false, 0);
    }
    plan.prepare();
    std::set<std::vector<TestId>> seen;
    for (std::uint64_t seed = 0; seed < seeds * 4; ++seed) {
        const std::vector<TestId> order = start_order(plan, true, seed);
        const auto is_of_first = [](TestId test) { return test < 3; };
        EXPECT_TRUE(std::ranges::is_partitioned(order, is_of_first) ||
                    std::ranges::is_partitioned(order, std::not_fn(is_of_first)));
        seen.insert(order);
    }
    EXPECT_EQ(seen.size(), 72U);  // two modules, three tests in each: 2! * 3! * 3!
}

}  // namespace

}  // namespace fasttest
