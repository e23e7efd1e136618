#include "core/admission.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "core/errors.hpp"
#include "random_suite.hpp"

namespace fasttest {

namespace {

struct Want {
    std::vector<Claim> claims = {};
    bool exclusive = false;
    double wait = 0;
    LoopId loop = no_loop;
};

/// Admits tests with claims drawn from a seed and ends them in an order drawn from it as well.
std::vector<TestId> run_with_random_claims(std::uint32_t seed) {
    Dice dice(seed);
    Plan plan;
    const ClosureId closure = plan.add_closure(session, {});
    std::vector<ResourceId> resources;
    for (std::int32_t count = 1 + dice.roll(3); count > 0; --count)
        resources.push_back(plan.add_resource("resource", 1 + dice.roll(5)));
    const std::int32_t tests = 1 + dice.roll(20);
    for (std::int32_t test = 0; test < tests; ++test) {
        std::vector<Claim> claims;
        for (const ResourceId id : resources)
            if (dice.chance(50)) claims.push_back({id, 1 + dice.roll(plan.capacity(id))});
        plan.add_test(closure, {}, no_loop, claims, false, 0);
    }
    plan.prepare();
    Admission admission(plan, 1 + dice.roll(9));
    std::vector<TestId> order;
    std::set<TestId> queued;
    for (TestId test = 0; test < tests; ++test) queued.insert(test);
    while (admission.queued() > 0) {
        for (TestId test = admission.next(true); test != none; test = admission.next(true)) {
            order.push_back(test);
            queued.erase(test);
            for (const Claim& claim : plan.claims_of(test)) {
                std::int32_t held = 0;
                for (const TestId other : admission.flying())
                    for (const Claim& its : plan.claims_of(other))
                        if (its.resource == claim.resource) held += its.units;
                EXPECT_LE(held, plan.capacity(claim.resource));
                for (const TestId other : queued) {
                    const auto its = plan.claims_of(other);
                    const bool single = its.size() == 1 && its[0].resource == claim.resource;
                    EXPECT_FALSE(single && other < test) << test << " passes " << other;
                }
            }
        }
        if (admission.in_flight() == 0) break;
        const auto& flying = admission.flying();
        const TestId ends =
            flying[static_cast<std::size_t>(dice.roll(static_cast<std::int32_t>(flying.size())))];
        admission.release(ends);
        admission.land(ends);
    }
    EXPECT_TRUE(queued.empty()) << "nobody may be forgotten";
    return order;
}

/// A run of tests that claim rates, some of them alone and some of them twice, with starts that are
/// given back at any moment. All is drawn from a seed.
class RandomRates {
  public:
    explicit RandomRates(std::uint32_t seed) : dice_(seed) {
        const ClosureId closure = plan_.add_closure(session, {});
        std::vector<ResourceId> rates;
        for (std::int32_t count = 1 + dice_.roll(3); count > 0; --count)
            rates.push_back(plan_.add_rate("rate", 1 + dice_.roll(3)));
        const ResourceId port = plan_.add_resource("port", 2);
        for (std::int32_t count = 1 + dice_.roll(20); count > 0; --count) {
            std::vector<Claim> claims;
            for (const ResourceId rate : rates)
                if (dice_.chance(50)) claims.push_back({rate, 1});
            if (dice_.chance(30)) claims.push_back({port, 1 + dice_.roll(2)});
            plan_.add_test(closure, {}, no_loop, claims, dice_.chance(40), 0);
        }
        plan_.prepare();
    }

    /// Returns the tests in the order of their starts.
    std::vector<TestId> run() {
        Admission admission(plan_, 2 + dice_.roll(8));
        std::vector<TestId> order;
        while (admission.queued() > 0 || admission.in_flight() > 0) {
            for (TestId test = admission.next(true); test != none; test = admission.next(true)) {
                started(test, order);
                order.push_back(test);
            }
            const bool nobody = admission.in_flight() == 0;
            if (!starts_.empty() && (nobody || dice_.chance(40))) {
                const auto given = starts_.begin() + roll(starts_.size());
                admission.give_back(*given);
                starts_.erase(given);
            } else if (!nobody) {
                end(admission);
            } else {
                ADD_FAILURE() << admission.queued() << " do not start though nothing is missing";
                break;
            }
        }
        return order;
    }

  private:
    std::int32_t roll(std::size_t sides) { return dice_.roll(static_cast<std::int32_t>(sides)); }

    void started(TestId test, const std::vector<TestId>& before) {
        const auto has_started = [&](TestId other) {
            return std::ranges::count(before, other) > 0;
        };
        for (const Claim& claim : plan_.claims_of(test)) {
            if (!plan_.is_rate(claim.resource)) continue;
            starts_.push_back(claim.resource);
            EXPECT_LE(std::ranges::count(starts_, claim.resource), plan_.capacity(claim.resource));
            for (TestId other = 0; other < test && !has_started(test); ++other) {
                const auto its = plan_.claims_of(other);
                const bool single = its.size() == 1 && its[0].resource == claim.resource;
                EXPECT_FALSE(single && !plan_.is_exclusive(other) && !has_started(other))
                    << test << " passes " << other;
            }
        }
    }

    void end(Admission& admission) {
        const TestId test =
            admission.flying()[static_cast<std::size_t>(roll(admission.in_flight()))];
        const bool again = admission.overlapped(test) && dice_.chance(20);
        if (!again) admission.release(test);
        admission.land(test);
        if (again) admission.retry(test);
    }

    Dice dice_;
    Plan plan_;
    std::vector<ResourceId> starts_;  // that have not been given back
};

class AdmissionTest : public testing::Test {
  protected:
    void add(const Want& want) {
        plan.add_test(closure, {}, want.loop, want.claims, want.exclusive, want.wait);
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
    add({.claims = {{port, 1}}}), add({.claims = {{port, 1}}}), add({});
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
    add({.claims = {{port, 1}}}), add({.claims = {{db, 1}}}), add({.claims = {{port, 1}, {db, 1}}});
    add({.claims = {{port, 1}}});
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

// Beside another reader, not beside a writer: who writes claims all of the units.
TEST_F(AdmissionTest, LetsReadersInTogetherAndWritersByThemselves) {
    const ResourceId db = plan.add_resource("db", 9);
    add({.claims = {{db, 1}}}), add({.claims = {{db, 1}}});
    add({.claims = {{db, 9}}}), add({.claims = {{db, 9}}});
    add({.claims = {{db, 1}}}), add({.claims = {{db, 1}}});
    plan.prepare();
    Admission admission(plan, 9);
    const std::vector<std::vector<TestId>> together{{0, 1}, {2}, {3}, {4, 5}};
    for (const std::vector<TestId>& tests : together) {
        for (const TestId test : tests) EXPECT_EQ(admission.next(true), test);
        EXPECT_EQ(admission.next(true), none);
        for (const TestId test : tests) end(admission, test);
    }
}

// Otherwise readers that come and go would keep the writer waiting to the end of the run.
TEST_F(AdmissionTest, LetsNoLaterReaderPassAWriterThatWaits) {
    const ResourceId db = plan.add_resource("db", 9);
    add({.claims = {{db, 1}}}), add({.claims = {{db, 9}}}), add({.claims = {{db, 1}}});
    plan.prepare();
    Admission admission(plan, 9);
    EXPECT_EQ(admission.next(true), 0);
    EXPECT_EQ(admission.next(true), none);
    EXPECT_EQ(admission.waited_for(1), db);
    EXPECT_EQ(admission.waited_for(2), db);
    end(admission, 0);
    EXPECT_EQ(admission.next(true), 1);
    EXPECT_EQ(admission.next(true), none);
    end(admission, 1);
    EXPECT_EQ(admission.next(true), 2);
    EXPECT_EQ(admission.waited_for(0), none);
}

// What one big claim gives back may be enough for many small ones.
TEST_F(AdmissionTest, StartsAllForWhomThereIsEnoughWhenMuchIsGivenBack) {
    const ResourceId db = plan.add_resource("db", 4);
    for (const std::int32_t units : {4, 2, 1, 1, 1}) add({.claims = {{db, units}}});
    plan.prepare();
    Admission admission(plan, 9);
    EXPECT_EQ(admission.next(true), 0);
    EXPECT_EQ(admission.next(true), none);
    end(admission, 0);
    for (TestId test = 1; test < 4; ++test) EXPECT_EQ(admission.next(true), test);
    EXPECT_EQ(admission.next(true), none);
    end(admission, 2);
    EXPECT_EQ(admission.next(true), 4);
}

// Claims of any size to several resources, ended in any order: all start, nobody too much, and
// whoever needs a single resource is never passed there. The same seed gives the same order.
TEST(Admission, IsFairAndCompleteForAnyClaims) {
    for (std::uint32_t seed = 0; seed < 2000; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        const std::vector<TestId> order = run_with_random_claims(seed);
        ASSERT_FALSE(testing::Test::HasFailure());
        ASSERT_EQ(order, run_with_random_claims(seed));
    }
}

// A test that has ended has started all the same.
TEST_F(AdmissionTest, CountsStartsOfARateUntilTheyAreGivenBack) {
    const ResourceId api = plan.add_rate("api", 2);
    for (int i = 0; i < 4; ++i) add({.claims = {{api, 1}}});
    add({});
    plan.prepare();
    Admission admission(plan, 9);
    EXPECT_EQ(admission.next(true), 0);
    EXPECT_EQ(admission.next(true), 1);
    EXPECT_EQ(admission.next(true), 4);  // passes those that have to wait
    for (const TestId test : {0, 1, 4}) end(admission, test);
    EXPECT_EQ(admission.next(true), none);
    EXPECT_EQ(admission.waited_for(2), api);
    admission.give_back(api);
    EXPECT_EQ(admission.next(true), 2);
    EXPECT_EQ(admission.next(true), none);
    admission.give_back(api);  // while the test is still in flight
    EXPECT_EQ(admission.next(true), 3);
    EXPECT_EQ(admission.queued(), 0U);
}

// With a capacity in the place of the rate it could take what is missing for granted.
TEST_F(AdmissionTest, HasExclusiveTestsWaitForARate) {
    const ResourceId api = plan.add_rate("api", 1);
    add({.claims = {{api, 1}}, .exclusive = true}), add({.claims = {{api, 1}}, .exclusive = true});
    add({.exclusive = true}), add({});
    plan.prepare();
    Admission admission(plan, 9);
    EXPECT_EQ(admission.next(true), 0);
    end(admission, 0);
    EXPECT_EQ(admission.next(true), 2);  // nobody waits for one who cannot start
    end(admission, 2);
    EXPECT_EQ(admission.next(true), 3);
    admission.give_back(api);
    EXPECT_EQ(admission.next(true), none);  // not beside another
    end(admission, 3);
    EXPECT_EQ(admission.next(true), 1);
}

TEST_F(AdmissionTest, HasSecondRunsWaitForARate) {
    const ResourceId api = plan.add_rate("api", 2);
    add({.claims = {{api, 1}}}), add({.claims = {{api, 1}}}), add({.claims = {{api, 1}}});
    plan.prepare();
    Admission admission(plan, 9);
    EXPECT_EQ(admission.next(true), 0);
    EXPECT_EQ(admission.next(true), 1);
    end(admission, 1);
    admission.land(0), admission.retry(0);
    EXPECT_EQ(admission.next(true), none);
    admission.give_back(api);
    EXPECT_EQ(admission.next(true), 0);
    admission.give_back(api);
    EXPECT_EQ(admission.next(true), none);  // not beside a second run
    end(admission, 0);
    EXPECT_EQ(admission.next(true), 2);
}

// What is kept for one who can only start alone would else be kept from all others until then.
TEST_F(AdmissionTest, KeepsNoStartForOneWhoIsToRunAlone) {
    const ResourceId api = plan.add_rate("api", 1);
    add({.claims = {{api, 1}}, .exclusive = true}), add({.claims = {{api, 1}}, .exclusive = true});
    add({}), add({.claims = {{api, 1}}});
    plan.prepare();
    Admission admission(plan, 9);
    EXPECT_EQ(admission.next(true), 0);
    end(admission, 0);
    EXPECT_EQ(admission.next(true), 2);
    EXPECT_EQ(admission.next(true), none);
    admission.give_back(api);
    EXPECT_EQ(admission.next(true), 3);
    end(admission, 2), end(admission, 3);
    EXPECT_EQ(admission.next(true), none);
    admission.give_back(api);
    EXPECT_EQ(admission.next(true), 1);
}

TEST_F(AdmissionTest, GivesBackOnlyWhatHasBeenTakenOfARate) {
    const ResourceId api = plan.add_rate("api", 1), port = plan.add_resource("port", 1);
    add({.claims = {{api, 1}, {port, 1}}}), add({.claims = {{api, 1}}});
    plan.prepare();
    Admission admission(plan, 9);
    EXPECT_THROW(admission.give_back(api), OrchestratorError);
    admission.next(true);
    EXPECT_THROW(admission.give_back(port), OrchestratorError);
    EXPECT_EQ(admission.stop(), std::vector<TestId>{1});
    admission.give_back(api);
    EXPECT_EQ(admission.next(true), none);
}

// Who waits would let others pass, and strictly serial means strictly pytest's order.
TEST_F(AdmissionTest, HeedsNoRateWhenConcurrencyIsOne) {
    const ResourceId api = plan.add_rate("api", 1);
    for (int i = 0; i < 3; ++i) add({.claims = {{api, 1}}});
    plan.prepare();
    Admission admission(plan, 1);
    for (TestId test = 0; test < 3; ++test) {
        EXPECT_EQ(admission.next(true), test);
        end(admission, test);
    }
}

// At no moment more starts than there are, and all start in the end if all are given back.
TEST(Admission, KeepsToAnyRatesAndForgetsNobody) {
    for (std::uint32_t seed = 0; seed < 3000; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        const std::vector<TestId> order = RandomRates(seed).run();
        ASSERT_FALSE(testing::Test::HasFailure());
        ASSERT_EQ(order, RandomRates(seed).run());
    }
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

// Without a seed it would go first; with any, it may be kept waiting but never starves.
TEST_F(AdmissionTest, MayPassOverAnExclusiveTestIfSeeded) {
    add({.exclusive = true}), add({}), add({});
    plan.prepare();
    std::set<std::vector<TestId>> seen;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        Admission admission(plan, 9, seed);
        std::vector<TestId> started;
        for (TestId test = admission.next(true); test != none; test = admission.next(true)) {
            EXPECT_EQ(admission.in_flight(), 1U);
            started.push_back(test);
            end(admission, test);
        }
        seen.insert(started);
    }
    EXPECT_EQ(seen, (std::set<std::vector<TestId>>{{0, 1, 2}, {1, 0, 2}, {1, 2, 0}}));
}

TEST_F(AdmissionTest, AdmitsAHundredThousandTestsOfARateInLinearTime) {
    const ResourceId api = plan.add_rate("api", 2);
    for (int i = 0; i < 100'000; ++i) add({.claims = {{api, 1}}, .exclusive = i % 2 == 0});
    plan.prepare();
    Admission admission(plan, 50);
    const auto begin = std::chrono::steady_clock::now();
    for (int started = 0; started < 100'000; ++started) {
        const TestId test = admission.next(true);
        ASSERT_NE(test, none);
        end(admission, test);
        if (started % 2 == 0) continue;
        ASSERT_EQ(admission.next(true), none);
        admission.give_back(api), admission.give_back(api);
    }
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

// A queue that is scanned per call would need 10^10 steps here.
TEST_F(AdmissionTest, AdmitsAHundredThousandTestsThatShareAResourceInLinearTime) {
    const ResourceId port = plan.add_resource("port", 1), db = plan.add_resource("db", 2);
    for (int i = 0; i < 100'000; ++i) add({.claims = {{port, 1}, {db, 1}}});
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
