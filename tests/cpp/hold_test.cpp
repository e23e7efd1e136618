#include <gtest/gtest.h>

#include "core/errors.hpp"
#include "script.hpp"

namespace fasttest {

namespace {

class HoldTest : public Script {
  protected:
    Request wide(ScopeId scope, bool renew) { return {db, scope, none, no_loop, {}, none, renew}; }

    ScopeId klass = plan.add_scope_instance(Scope::class_, module);
    FixtureId db = fixture("db");
    FixtureId table = fixture("table");
    ClosureId both = closure(klass, {{db, module, {}, no_loop}, {table, klass, {0}, no_loop}});
};

// A protocol may run an item again: what pytest keeps for the next item is still to be there.
TEST_F(HoldTest, HaltsBetweenTheScopesThatEndAndThoseThatStay) {
    test(both);
    start(1);
    EXPECT_EQ(admit(), "set_up 0:db");
    run->hold(0, module);
    go_to(0, "tear_down 0:table");
    EXPECT_EQ(done(0), "hold 0");
    EXPECT_EQ(done(0), "tear_down 0:db");
    EXPECT_EQ(done(0), "finished 0");
}

TEST_F(HoldTest, MayGoOnToAScopeFurtherOut) {
    test(both);
    start(1);
    admit();
    run->hold(0, klass);
    go_to(0, "hold 0");
    run->hold(0, session);
    EXPECT_EQ(done(0), "tear_down 0:table");
    EXPECT_EQ(done(0), "tear_down 0:db");
    EXPECT_EQ(done(0), "hold 0");
    EXPECT_EQ(done(0), "finished 0");
}

// The set-up may have failed at once: nothing is there to be torn down.
TEST_F(HoldTest, HaltsATestThatWasNeverSetUp) {
    test(both);
    start(1);
    EXPECT_EQ(text(run->admit()), "start 0");
    run->hold(0, klass);
    EXPECT_EQ(done(0, false), "hold 0");
    EXPECT_EQ(done(0), "finished 0");
}

// The last in collection order has left all but the module, and waits for the one that halts.
TEST_F(HoldTest, KeepsOthersFromClosingTheScope) {
    const ClosureId c = closure(module, {{db, module, {}, no_loop}});
    test(c), test(c);
    start(2);
    admit(), admit(), done(0);
    run->hold(0, module);
    ready();
    go_to(1, "wait 1");
    go_to(0, "hold 0");
    EXPECT_FALSE(run->has_ready());
    EXPECT_EQ(done(0), "finished 0");
    EXPECT_EQ(ready(), Texts{"tear_down 1:db"});
}

TEST_F(HoldTest, SharesWhatIsAliveAndSetsUpWhatIsNot) {
    test(closure(module, {{db, module, {}, no_loop}}));
    start(1);
    EXPECT_EQ(admit(), "set_up 0:db");
    run->hold(0, module);
    go_to(0, "hold 0");
    EXPECT_EQ(request(0, wide(module, false)), "resume 0:db");
    EXPECT_EQ(request(0, {table, module, none, no_loop, {}, none}), "set_up 0:requested");
    EXPECT_EQ(done(0), "resume 0:requested");
    EXPECT_EQ(done(0), "tear_down 0:requested");
    EXPECT_EQ(done(0), "tear_down 0:db");
}

// Rerunning a failure means to try the set-up again, once for each pass that asks for it.
TEST_F(HoldTest, RenewsAFailedInstanceOnlyWhenToldTo) {
    const ClosureId c = closure(module, {{db, module, {}, no_loop}});
    test(c), test(c);
    start(1);
    admit();
    run->hold(0, module);
    EXPECT_EQ(done(0, false), "hold 0");
    EXPECT_EQ(request(0, wide(module, false)), "set_up_failed 0:db");
    EXPECT_EQ(request(0, wide(module, true)), "tear_down 0:db");
    EXPECT_EQ(done(0), "set_up 0:requested");
    EXPECT_EQ(done(0, false), "set_up_failed 0:requested");
    EXPECT_EQ(request(0, wide(module, true)), "tear_down 0:requested");
    EXPECT_EQ(done(0), "set_up 0:requested");
    EXPECT_EQ(done(0), "resume 0:requested");
    EXPECT_EQ(done(0), "finished 0");
    EXPECT_EQ(admit(), "call 1");
}

TEST_F(HoldTest, RejectsWhatIsNotAhead) {
    const ScopeId other = plan.add_scope_instance(Scope::module, session);
    test(both);
    start(1);
    EXPECT_THROW(run->hold(0, module), OrchestratorError);  // has not started
    admit();
    EXPECT_THROW(run->hold(0, other), OrchestratorError);
    EXPECT_THROW(run->hold(0, 99), OrchestratorError);
    run->hold(0, module);
    go_to(0, "hold 0");
    EXPECT_THROW(run->hold(0, klass), OrchestratorError);  // has been left
    run->hold(0, none);
}

}  // namespace

}  // namespace fasttest
