#include "core/orchestrator.hpp"

#include <gtest/gtest.h>

#include "core/errors.hpp"
#include "script.hpp"

namespace fasttest {

namespace {

using OrchestratorTest = Script;

// The whole life of a test: loop before the first fixture that runs on it, teardown reversed.
TEST_F(OrchestratorTest, WalksOneTestFromItsLoopToItsEnd) {
    const FixtureId db = fixture("db"), path = fixture("path"), client = fixture("client");
    test(closure(module, {{db, module, {}, no_loop},
                          {path, own_scope, {}, no_loop},
                          {client, own_scope, {0, 1}, own_loop}}),
         {}, own_loop);
    start(1);
    EXPECT_EQ(run_all(), (Texts{"set_up 0:db", "set_up 0:path", "open_loop 0:own",
                                "set_up 0:client", "call 0", "tear_down 0:client",
                                "close_loop 0:own", "tear_down 0:path", "tear_down 0:db"}));
    EXPECT_FALSE(run->is_active());
}

// A skipped test needs nothing.
TEST_F(OrchestratorTest, SetsNothingUpWhenTheStartIsAnsweredWithNo) {
    const FixtureId db = fixture("db");
    test(closure(module, {{db, module, {}, no_loop}}));
    start(1);
    EXPECT_EQ(text(run->admit()), "start 0");
    EXPECT_EQ(done(0, false), "finished 0");
}

// And still leaves: the module ends with its last test, skipped or not.
TEST_F(OrchestratorTest, ClosesTheModuleAfterASkippedLastTest) {
    const FixtureId db = fixture("db");
    const ClosureId c = closure(module, {{db, module, {}, no_loop}});
    test(c), test(c);
    start(1);
    EXPECT_EQ(admit(), "set_up 0:db");
    go_to(0, "finished 0");
    run->admit();
    EXPECT_EQ(done(1, false), "tear_down 1:db");
}

TEST_F(OrchestratorTest, LetsTheSecondUserWaitForTheFirstToSetUp) {
    const FixtureId db = fixture("db");
    const ClosureId c = closure(module, {{db, module, {}, no_loop}});
    test(c), test(c), test(c);
    start(3);
    EXPECT_EQ(admit(), "set_up 0:db");
    EXPECT_EQ(admit(), "wait 1");
    EXPECT_EQ(admit(), "wait 2");
    EXPECT_EQ(run->waiting(), 2U);
    EXPECT_FALSE(run->has_ready());
    EXPECT_EQ(done(0), "call 0");
    EXPECT_EQ(ready(), (Texts{"call 1", "call 2"}));
}

// One error, told once by who set it up and given to all others by its instance.
TEST_F(OrchestratorTest, FailsEveryDependantWithTheSameInstanceAndNeverTriesAgain) {
    const FixtureId db = fixture("db"), client = fixture("client");
    const ClosureId c =
        closure(module, {{db, module, {}, no_loop}, {client, module, {0}, no_loop}});
    test(c), test(c), test(c);
    start(2);
    admit();
    EXPECT_EQ(admit(), "wait 1");
    EXPECT_EQ(done(0, false), "decide 0");
    EXPECT_EQ(ready(), Texts{"set_up_failed 1:db"});
    EXPECT_EQ(done(1), "decide 1");
    EXPECT_EQ(done(0), "finished 0");
    EXPECT_EQ(admit(), "set_up_failed 2:db");
    EXPECT_EQ(done(2), "decide 2");
    EXPECT_EQ(done(2), "wait 2");  // the last in collection order stays for the teardown
    EXPECT_EQ(done(1), "finished 1");
    EXPECT_EQ(ready(), Texts{"tear_down 2:db"});
}

TEST_F(OrchestratorTest, TearsDownAFailedOwnFixtureToo) {
    const FixtureId a = fixture("a"), b = fixture("b"), c = fixture("c");
    test(closure(
        module,
        {{a, own_scope, {}, no_loop}, {b, own_scope, {}, no_loop}, {c, own_scope, {}, no_loop}}));
    start(1);
    admit();
    EXPECT_EQ(done(0), "set_up 0:b");
    EXPECT_EQ(done(0, false), "tear_down 0:b");
    EXPECT_EQ(done(0, false), "tear_down 0:a");  // no error stops the teardowns that remain
    EXPECT_EQ(done(0), "finished 0");
}

TEST_F(OrchestratorTest, OpensAWideLoopOnceAndClosesItWithItsScope) {
    const LoopId loop = plan.add_loop(module);
    const ClosureId c = closure(module, {});
    test(c, {}, loop), test(c, {}, loop);
    start(2);
    EXPECT_EQ(admit(), "open_loop 0:loop");
    EXPECT_EQ(admit(), "wait 1");
    EXPECT_EQ(done(0), "call 0");
    EXPECT_EQ(ready(), Texts{"call 1"});
    EXPECT_EQ(done(0), "decide 0");
    EXPECT_EQ(done(0), "finished 0");
    EXPECT_EQ(done(1), "decide 1");
    EXPECT_EQ(done(1), "close_loop 1:loop");
}

// A loop that cannot be opened fails one test; the next one tries again.
TEST_F(OrchestratorTest, TriesAgainToOpenALoopThatFailedToOpen) {
    const LoopId loop = plan.add_loop(module);
    const ClosureId c = closure(module, {});
    test(c, {}, loop), test(c, {}, loop);
    start(2);
    admit();
    EXPECT_EQ(admit(), "wait 1");
    EXPECT_EQ(done(0, false), "decide 0");
    EXPECT_EQ(ready(), Texts{"open_loop 1:loop"});
}

// A failure beside others may be their fault; alone it is the test's own.
TEST_F(OrchestratorTest, RunsATestAgainAlone) {
    const FixtureId db = fixture("db");
    const ClosureId c = closure(module, {{db, module, {}, no_loop}});
    test(c), test(c), test(c);
    start(2);
    admit();
    admit();
    EXPECT_EQ(done(0), "call 0");
    EXPECT_EQ(ready(), Texts{"call 1"});
    EXPECT_EQ(done(0), "decide 0");
    EXPECT_EQ(done(0, false), "finished 0");
    EXPECT_EQ(admit(), "call 2");
    EXPECT_EQ(done(1), "decide 1");
    EXPECT_EQ(done(1), "finished 1");
    EXPECT_EQ(admit(), "nothing");  // test 2 still runs
    EXPECT_EQ(done(2), "decide 2");
    EXPECT_EQ(done(2), "wait 2");
    EXPECT_EQ(admit(), "call 0");  // the living instance serves the second run
    EXPECT_FALSE(run->overlapped(0));
    EXPECT_EQ(done(0), "finished 0");  // and there is no second decision
    EXPECT_EQ(ready(), Texts{"tear_down 2:db"});
}

TEST_F(OrchestratorTest, GivesTheSecondRunAFreshInstanceWhereTheFirstFailed) {
    const FixtureId db = fixture("db");
    const ClosureId c = closure(module, {{db, module, {}, no_loop}});
    test(c), test(c);
    start(2);
    admit();
    admit();
    EXPECT_EQ(done(0, false), "decide 0");
    EXPECT_EQ(ready(), Texts{"set_up_failed 1:db"});
    EXPECT_EQ(done(0, false), "finished 0");
    EXPECT_EQ(done(1), "decide 1");
    EXPECT_EQ(done(1, false), "finished 1");
    const InstanceId planned = plan.instance_of(0, 0);
    EXPECT_EQ(admit(), "tear_down 0:db");
    EXPECT_EQ(done(0), "set_up 0:db");
    EXPECT_EQ(done(0), "call 0");
    EXPECT_NE(run->instance_of(0, 0), planned);
    EXPECT_EQ(done(0), "finished 0");
    EXPECT_EQ(admit(), "call 1");  // which serves the next second run as well
}

// Otherwise an expensive fixture would be made anew for the second run, and one whose teardown
// fails would be reported twice.
TEST_F(OrchestratorTest, LetsTheSecondRunUseItsParameterBeforeTheNextOnesTurn) {
    const FixtureId db = fixture("db");
    const ClosureId c = closure(session, {{db, session, {}, no_loop}});
    test(c, {0}), test(c, {0}), test(c, {1});
    start(3);
    admit(), done(0);
    EXPECT_EQ(admit(), "call 1");
    EXPECT_EQ(done(0), "decide 0");
    EXPECT_EQ(done(0, false), "finished 0");
    go_to(1, "finished 1");
    EXPECT_EQ(admit(), "call 0");
    EXPECT_EQ(done(0), "finished 0");
    EXPECT_EQ(admit(), "tear_down 2:db");
}

TEST_F(OrchestratorTest, RejectsWhatNobodyAskedFor) {
    test(closure(module, {}));
    EXPECT_THROW(Orchestrator(plan, 1), OrchestratorError);  // not prepared
    start(1);
    EXPECT_THROW(Orchestrator(plan, 0), OrchestratorError);
    EXPECT_THROW(run->done(0, true), OrchestratorError);
    EXPECT_THROW(run->done(7, true), OrchestratorError);
    EXPECT_THROW(run->overlapped(7), OrchestratorError);
    EXPECT_THROW(run->instance_of(0, 0), OrchestratorError);
    admit();
    go_to(0, "finished 0");
    EXPECT_THROW(run->done(0, true), OrchestratorError);
}

}  // namespace

}  // namespace fasttest
