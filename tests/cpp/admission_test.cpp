#include "core/admission.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace fasttest {

namespace {

struct Want {
    std::vector<ResourceId> resources = {};
    bool exclusive = false;
    double wait = 0;
    LoopId loop = no_loop;
};

class AdmissionTest : public testing::Test {
  protected:
    void add(const Want& want) {
        plan.add_test(closure, {}, want.loop, want.resources, want.exclusive, want.wait);
    }
    /// Ends a test as far as admission is concerned.
    static void end(Admission& admission, TestId test) {
        admission.release(test);
        admission.land(test);
    }

    Plan plan;
    ClosureId closure = plan.add_closure(session, {});
};

TEST_F(AdmissionTest, KeepsToTheCap) {
    add({}), add({}), add({});
    plan.prepare();
    Admission admission(plan, 2);
    EXPECT_EQ(admission.next(true), 0);
    EXPECT_EQ(admission.next(true), 1);
    EXPECT_EQ(admission.next(true), none);
    end(admission, 0);
    EXPECT_EQ(admission.next(true), 2);
}

TEST_F(AdmissionTest, StartsOnlyWhoseResourcesAreFree) {
    const ResourceId port = plan.add_resource("port", 1);
    add({.resources = {port}}), add({.resources = {port}}), add({});
    plan.prepare();
    Admission admission(plan, 9);
    EXPECT_EQ(admission.next(true), 0);
    EXPECT_EQ(admission.next(true), 2);  // passes the one that has to wait
    EXPECT_EQ(admission.next(true), none);
    end(admission, 0);
    EXPECT_EQ(admission.next(true), 1);
}

// The one put aside with the first resource must be found again although the second was busy too.
TEST_F(AdmissionTest, FindsTestsThatNeedTwoResourcesAgain) {
    const ResourceId port = plan.add_resource("port", 1), db = plan.add_resource("db", 1);
    add({.resources = {port}}), add({.resources = {db}}), add({.resources = {port, db}});
    add({.resources = {port}});
    plan.prepare();
    Admission admission(plan, 9);
    EXPECT_EQ(admission.next(true), 0);
    EXPECT_EQ(admission.next(true), 1);
    EXPECT_EQ(admission.next(true), none);
    end(admission, 0);
    EXPECT_EQ(admission.next(true), 3);  // 2 still lacks the database
    end(admission, 1);
    end(admission, 3);
    EXPECT_EQ(admission.next(true), 2);
}

// Exclusive tests start alone, at their place in collection order when that is possible.
TEST_F(AdmissionTest, StartsExclusiveTestsAlone) {
    add({}), add({.exclusive = true}), add({});
    plan.prepare();
    Admission admission(plan, 9);
    EXPECT_EQ(admission.next(true), 0);
    EXPECT_EQ(admission.next(true), 2);
    EXPECT_EQ(admission.next(true), none);
    end(admission, 0);
    end(admission, 2);
    EXPECT_EQ(admission.next(false), none);  // somebody is about to go on
    EXPECT_EQ(admission.next(true), 1);
}

TEST_F(AdmissionTest, StartsNothingBesideAnExclusiveTest) {
    add({.exclusive = true}), add({}), add({.exclusive = true});
    plan.prepare();
    Admission admission(plan, 9);
    EXPECT_EQ(admission.next(true), 0);  // the first in collection order, and nothing in flight
    EXPECT_EQ(admission.next(true), none);
    end(admission, 0);
    EXPECT_EQ(admission.next(true), 1);
    EXPECT_EQ(admission.next(true), none);
    end(admission, 1);
    EXPECT_EQ(admission.next(true), 2);
}

// Strictly serial means strictly pytest's order.
TEST_F(AdmissionTest, KeepsCollectionOrderWhenConcurrencyIsOne) {
    add({.exclusive = true}), add({}), add({.wait = 5}), add({});
    plan.prepare();
    Admission admission(plan, 1);
    for (TestId test = 0; test < 4; ++test) {
        EXPECT_EQ(admission.next(true), test);
        EXPECT_FALSE(admission.overlapped(test));
        end(admission, test);
    }
}

TEST_F(AdmissionTest, StartsABatchWhenTheOneBeforeItOnTheLoopIsReleased) {
    const LoopId loop = plan.add_loop(session);
    for (int i = 0; i < 3; ++i) add({.loop = loop});
    plan.prepare(2);
    Admission admission(plan, 9);
    EXPECT_EQ(admission.next(true), 0);
    EXPECT_EQ(admission.next(true), 1);
    EXPECT_EQ(admission.next(true), none);
    admission.release(0);
    EXPECT_EQ(admission.next(true), none);
    admission.release(1);
    EXPECT_EQ(admission.next(true), 2);
}

// A failure that is to end the run must be confirmed before later tests are run for nothing.
TEST_F(AdmissionTest, StartsSecondRunsAloneAsSoonAsNothingIsInFlight) {
    for (int i = 0; i < 5; ++i) add({.exclusive = i == 3});
    plan.prepare();
    Admission admission(plan, 2);
    EXPECT_EQ(admission.next(true), 0);
    EXPECT_EQ(admission.next(true), 1);
    end(admission, 0), admission.retry(0);
    EXPECT_EQ(admission.next(true), 2);  // test 1 is still in flight
    end(admission, 1), admission.retry(1);
    end(admission, 2);
    std::vector<TestId> rest;
    for (TestId test = admission.next(true); test != none; test = admission.next(true)) {
        EXPECT_EQ(admission.in_flight(), 1U);
        rest.push_back(test);
        end(admission, test);
    }
    EXPECT_EQ(rest, (std::vector<TestId>{0, 1, 3, 4}));
}

// Somebody who is about to go on would no longer be alone with it.
TEST_F(AdmissionTest, StartsSecondRunsOnlyWhenQuiet) {
    add({});
    plan.prepare();
    Admission admission(plan, 2);
    admission.next(true);
    end(admission, 0), admission.retry(0);
    EXPECT_EQ(admission.next(false), none);
    EXPECT_EQ(admission.next(true), 0);
}

TEST_F(AdmissionTest, MarksEveryoneWhoSharedTheFlight) {
    for (int i = 0; i < 3; ++i) add({});
    plan.prepare();
    Admission admission(plan, 2);
    admission.next(true);
    EXPECT_FALSE(admission.overlapped(0));
    admission.next(true);
    end(admission, 0);
    EXPECT_TRUE(admission.overlapped(0));  // for good, also when the other is gone
    EXPECT_TRUE(admission.overlapped(1));
    end(admission, 1);
    admission.next(true);
    EXPECT_FALSE(admission.overlapped(2));
}

TEST_F(AdmissionTest, StopReturnsWhatIsQueuedAndAdmitsNothingMore) {
    const LoopId loop = plan.add_loop(session);
    for (int i = 0; i < 4; ++i) add({.loop = loop});
    plan.prepare(2);
    Admission admission(plan, 9);
    admission.next(true), admission.next(true);
    end(admission, 0), admission.retry(0);
    EXPECT_EQ(admission.stop(), (std::vector<TestId>{0, 2, 3}));
    end(admission, 1);  // would unblock the next batch
    EXPECT_EQ(admission.next(true), none);
    EXPECT_EQ(admission.queued(), 0U);
}

// A queue that is scanned per call would need 10^10 steps here.
TEST_F(AdmissionTest, AdmitsAHundredThousandTestsThatShareAResourceInLinearTime) {
    const ResourceId port = plan.add_resource("port", 1), db = plan.add_resource("db", 2);
    for (int i = 0; i < 100'000; ++i) add({.resources = {port, db}});
    plan.prepare();
    Admission admission(plan, 50);
    const auto begin = std::chrono::steady_clock::now();
    for (TestId test = 0; test < 100'000; ++test) {
        ASSERT_EQ(admission.next(true), test);
        ASSERT_EQ(admission.next(true), none);
        end(admission, test);
    }
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

}  // namespace

}  // namespace fasttest
