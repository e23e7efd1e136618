#include "core/plan.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <numeric>
#include <set>
#include <vector>

#include "core/errors.hpp"
#include "random_suite.hpp"

namespace fasttest {

namespace {

class PlanTest : public testing::Test {
  protected:
    TestId test(ClosureId closure, std::vector<std::int32_t> params = {}, LoopId loop = no_loop,
                double wait = 0) {
        return plan.add_test(closure, params, loop, {}, false, wait);
    }
    ClosureId closure(ScopeId scope, std::vector<ClosureEntry> entries) {
        return plan.add_closure(scope, entries);
    }
    std::vector<std::vector<TestId>> batches() const {
        std::vector<std::vector<TestId>> lists;
        for (BatchId b = 0; static_cast<std::size_t>(b) < plan.batch_count(); ++b)
            lists.emplace_back(plan.batches()[b].begin(), plan.batches()[b].end());
        return lists;
    }

    Plan plan;
    ScopeId module = plan.add_scope_instance(Scope::module, session);
    FixtureId db = plan.add_fixture("db");
    FixtureId client = plan.add_fixture("client");
};

TEST_F(PlanTest, CreatesOneInstanceForAllUsersInOneScopeInstance) {
    const ScopeId other = plan.add_scope_instance(Scope::module, session);
    const ClosureId here = closure(module, {{db, module, {}, no_loop}});
    const ClosureId there = closure(other, {{db, other, {}, no_loop}});
    test(here), test(here), test(there);
    plan.prepare();
    EXPECT_EQ(plan.instance_of(0, 0), plan.instance_of(1, 0));
    EXPECT_NE(plan.instance_of(0, 0), plan.instance_of(2, 0));
    EXPECT_EQ(plan.users(plan.instance_of(0, 0)), 2);
}

// As pytest does where a plugin or the author has spread the users of a parameter.
TEST_F(PlanTest, CreatesAnInstancePerRunOfOneParameter) {
    const ClosureId c = closure(module, {{db, module, {}, no_loop}});
    test(c, {0}), test(c, {1}), test(c, {0});
    plan.prepare();
    ASSERT_EQ(plan.instance_count(), 3U);
    EXPECT_EQ(plan.predecessor(plan.instance_of(2, 0)), plan.instance_of(1, 0));
    EXPECT_EQ(plan.predecessor(plan.instance_of(1, 0)), plan.instance_of(0, 0));
    EXPECT_EQ(plan.predecessor(plan.instance_of(0, 0)), none);
}

// What is built on a parameter's instance ends with it.
TEST_F(PlanTest, CreatesDependantsAnewWhenWhatTheyNeedChanges) {
    const ClosureId c =
        closure(module, {{db, session, {}, no_loop}, {client, module, {0}, no_loop}});
    test(c, {0, none}), test(c, {1, none});
    plan.prepare();
    EXPECT_NE(plan.instance_of(0, 1), plan.instance_of(1, 1));
}

// Also when the one who changed the parameter does not use the dependant itself.
TEST_F(PlanTest, EndsDependantsThatTheNextTestDoesNotUse) {
    const ClosureId both =
        closure(module, {{db, session, {}, no_loop}, {client, module, {0}, no_loop}});
    const ClosureId one = closure(module, {{db, session, {}, no_loop}});
    const ClosureId client_only = closure(module, {{client, module, {}, no_loop}});
    test(both, {0, none}), test(one, {1}), test(client_only);
    plan.prepare();
    EXPECT_NE(plan.instance_of(0, 1), plan.instance_of(2, 0));
}

TEST_F(PlanTest, GivesOwnFixturesNoInstance) {
    test(closure(module, {{db, own_scope, {}, own_loop}}));
    plan.prepare();
    EXPECT_EQ(plan.instance_of(0, 0), none);
    EXPECT_EQ(plan.instance_count(), 0U);
}

TEST_F(PlanTest, PutsTestsOfOneLoopInOneBatchAndOthersInTheirOwn) {
    const LoopId loop = plan.add_loop(module);
    const ClosureId c = closure(module, {});
    test(c, {}, loop), test(c, {}, own_loop), test(c, {}, loop), test(c);
    plan.prepare();
    EXPECT_EQ(batches(), (std::vector<std::vector<TestId>>{{0, 2}, {1}, {3}}));
}

TEST_F(PlanTest, SplitsBatchesAtTheMaximumSize) {
    const LoopId loop = plan.add_loop(module);
    const ClosureId c = closure(module, {});
    for (int i = 0; i < 5; ++i) test(c, {}, loop);
    plan.prepare(2);
    EXPECT_EQ(batches(), (std::vector<std::vector<TestId>>{{0, 1}, {2, 3}, {4}}));
    EXPECT_EQ(plan.batch_before(2), 1);
    EXPECT_EQ(plan.batch_before(0), none);
}

// The longest wait is the critical path; what is below the threshold is noise and stays in place.
TEST_F(PlanTest, MovesLongWaitersUpAndKeepsTheRestInCollectionOrder) {
    const ClosureId c = closure(module, {});
    test(c, {}, no_loop, 0.05), test(c, {}, no_loop, 0.2), test(c), test(c, {}, no_loop, 1.5);
    test(c, {}, no_loop, 0.2);
    plan.prepare();
    EXPECT_EQ(std::vector<TestId>(plan.order().begin(), plan.order().end()),
              (std::vector<TestId>{3, 1, 4, 0, 2}));
}

TEST_F(PlanTest, TakesNoMoreTestsOncePrepared) {
    const ClosureId c = closure(module, {});
    plan.prepare();
    EXPECT_THROW(test(c), PlanError);
    EXPECT_THROW(plan.prepare(), PlanError);
    // Requests at run time may come with fixtures and loops that no test names.
    EXPECT_NO_THROW(plan.add_fixture("late"));
    EXPECT_NO_THROW(plan.add_loop(module));
}

TEST_F(PlanTest, AnswersNothingBeforeItIsPrepared) {
    test(closure(module, {}));
    EXPECT_THROW(plan.batch_of(0), PlanError);
    EXPECT_THROW(plan.instance_of(0, 0), PlanError);
}

// Each module has closures of its own; half of the fixtures are wide, every one is parametrized.
TEST_F(PlanTest, PlansAHundredThousandTestsWithAThousandFixturesInUnderASecond) {
    for (int i = 0; i < 1000; ++i) plan.add_fixture("fixture");
    for (int m = 0; m < 1000; ++m) {
        const ScopeId place = plan.add_scope_instance(Scope::module, session);
        std::vector<ClosureEntry> entries;
        for (std::int32_t e = 0; e < 10; ++e) {
            const FixtureId id = (m * 7 + e * 101) % 1000;
            entries.push_back({id, e % 2 == 0 ? place : own_scope, {}, no_loop});
            if (e > 1) entries.back().dependencies = {e - 2};
        }
        const ClosureId c = closure(place, entries);
        for (std::int32_t i = 0; i < 100; ++i) test(c, std::vector<std::int32_t>(10, i / 10));
    }
    const auto begin = std::chrono::steady_clock::now();
    plan.prepare();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
    EXPECT_EQ(plan.instance_count(), 1000U * 10 * 5);
    EXPECT_LT(plan.memory_bytes() / plan.test_count(), 256U);
}

// The output and the errors of its set-up are then the same test's, however long others wait.
TEST(Plan, HasWhatIsSharedMadeByTheFirstUserInCollectionOrder) {
    for (std::uint32_t seed = 0; seed < 2000; ++seed) {
        RandomSuite suite(seed);
        const Plan& plan = suite.plan();
        std::vector<TestId> reversed(plan.test_count());
        std::iota(reversed.rbegin(), reversed.rend(), 0);
        const std::vector<TestId> order = plan.makers_first(reversed);
        ASSERT_EQ(std::set(order.begin(), order.end()).size(), plan.test_count());
        ASSERT_EQ(order.size(), plan.test_count());
        std::map<InstanceId, std::set<TestId>> users;
        std::map<LoopId, std::set<TestId>> loop_users;
        std::map<InstanceId, TestId> made_by;
        std::map<LoopId, TestId> opened_by;
        for (const TestId test : order) {
            for (const InstanceId instance : plan.instances_of(test)) {
                if (instance == none) continue;
                users[instance].insert(test);
                made_by.try_emplace(instance, test);
            }
            const auto use_loop = [&](LoopId loop) {
                if (loop < 0) return;
                loop_users[loop].insert(test);
                opened_by.try_emplace(loop, test);
            };
            use_loop(plan.loop_of(test));
            for (const auto& entry : plan.entries(plan.closure_of(test))) use_loop(entry.loop);
        }
        for (const auto& [instance, test] : made_by)
            ASSERT_EQ(test, *users[instance].begin()) << "seed " << seed;
        for (const auto& [loop, test] : opened_by)
            ASSERT_EQ(test, *loop_users[loop].begin()) << "seed " << seed;
    }
}

}  // namespace

}  // namespace fasttest
