#include <gtest/gtest.h>

#include "core/errors.hpp"
#include "script.hpp"

namespace fasttest {

namespace {

class RequestsTest : public Script {
  protected:
    Request wide(FixtureId id, std::int32_t key = none, InstanceId requester = none) {
        return {id, module, key, no_loop, {}, requester};
    }
    Request own(FixtureId id, LoopId loop = no_loop) {
        return {id, own_scope, none, loop, {}, none};
    }

    FixtureId db = fixture("db");
    FixtureId client = fixture("client");
    ClosureId empty = closure(module, {});
};

// getfixturevalue() of a function-scoped fixture: its loop, its set-up, and it goes first.
TEST_F(RequestsTest, SetsUpAnOwnFixtureAndTearsItDownBeforeOlderOnes) {
    test(closure(module, {{client, own_scope, {}, no_loop}}));
    start(1);
    admit(), done(0);
    EXPECT_EQ(request(0, own(db, own_loop)), "open_loop 0:own");
    EXPECT_EQ(done(0), "set_up 0:own 1");
    EXPECT_EQ(done(0), "resume 0:own 1");
    EXPECT_EQ(done(0), "tear_down 0:own 1");  // this ended the call, which was pending again
    EXPECT_EQ(done(0), "close_loop 0:own");
    EXPECT_EQ(done(0), "tear_down 0:client");
}

// As pytest registers finalizers: what was requested during a set-up is complete before it.
TEST_F(RequestsTest, TearsWhatASetUpRequestedDownAfterIt) {
    test(closure(module, {{client, own_scope, {}, no_loop}}));
    start(1);
    EXPECT_EQ(admit(), "set_up 0:client");
    request(0, own(db));
    EXPECT_EQ(done(0), "resume 0:own 1");
    EXPECT_EQ(done(0), "call 0");
    EXPECT_EQ(done(0), "tear_down 0:client");
    EXPECT_EQ(done(0), "tear_down 0:own 1");
}

TEST_F(RequestsTest, SharesAWideInstanceWithTestsThatNameIt) {
    test(empty);
    test(closure(module, {{db, module, {}, no_loop}}));
    start(2);
    EXPECT_EQ(admit(), "call 0");
    EXPECT_EQ(request(0, wide(db)), "set_up 0:requested");
    EXPECT_EQ(admit(), "wait 1");
    EXPECT_EQ(done(0), "resume 0:requested");
    EXPECT_EQ(ready(), Texts{"call 1"});
    EXPECT_NE(run->instance_of(1, 0), plan.instance_of(1, 0));  // nobody had foreseen this one
    EXPECT_EQ(request(0, wide(db)), "resume 0:requested");
}

TEST_F(RequestsTest, TellsRequestersAboutAFailureOnce) {
    test(empty), test(empty);
    start(2);
    admit(), admit();
    EXPECT_EQ(request(0, wide(db)), "set_up 0:requested");
    EXPECT_EQ(request(1, wide(db)), "wait 1");
    EXPECT_EQ(done(0, false), "set_up_failed 0:requested");
    EXPECT_EQ(ready(), Texts{"set_up_failed 1:requested"});
    EXPECT_EQ(done(0), "decide 0");  // the call was pending again
}

TEST_F(RequestsTest, WaitsForTheUsersOfAnotherParameter) {
    test(closure(module, {{db, module, {}, no_loop}}), {0});
    test(empty);
    start(2);
    admit(), done(0);
    EXPECT_EQ(admit(), "call 1");
    EXPECT_EQ(request(1, wide(db, 1)), "wait 1");
    EXPECT_EQ(done(0), "decide 0");
    EXPECT_EQ(done(0), "finished 0");
    EXPECT_EQ(ready(), Texts{"tear_down 1:db"});
    EXPECT_EQ(done(1), "set_up 1:requested");
    EXPECT_EQ(done(1), "resume 1:requested");
}

// The older fixture asked late: the younger one still has to outlive it.
TEST_F(RequestsTest, TearsTheRequesterDownBeforeWhatItRequested) {
    test(closure(module, {{client, module, {}, no_loop}}));
    start(1);
    admit(), done(0);
    EXPECT_EQ(request(0, wide(db, none, run->instance_of(0, 0))), "set_up 0:requested");
    done(0);
    EXPECT_EQ(done(0), "tear_down 0:client");
    EXPECT_EQ(done(0), "tear_down 0:requested");
}

// Each needs what the other is setting up: one of them fails, and can be run again alone.
TEST_F(RequestsTest, RefusesOneOfTwoThatWaitForEachOther) {
    const ClosureId first = closure(module, {{db, module, {}, no_loop}});
    const ClosureId second = closure(module, {{client, module, {}, no_loop}});
    test(first), test(second);
    start(2);
    EXPECT_EQ(admit(), "set_up 0:db");
    EXPECT_EQ(admit(), "set_up 1:client");
    EXPECT_EQ(request(0, wide(client)), "wait 0");
    EXPECT_EQ(request(1, wide(db)), "wait 1");
    EXPECT_EQ(ready(), Texts{"set_up_failed 0"});
    EXPECT_EQ(done(0, false), "decide 0");
    EXPECT_EQ(ready(), Texts{"set_up_failed 1:db"});
}

// The walk had passed the client, which had asked for a database that is now to be another one.
// In a running loop nobody can wait: whoever sets up what is asked for may need the loop.
TEST_F(RequestsTest, EndsAWaitingRequestThatItsCallerRefuses) {
    test(closure(module, {{db, module, {}, no_loop}}));
    test(empty);
    start(2);
    EXPECT_EQ(admit(), "set_up 0:db");
    EXPECT_EQ(admit(), "call 1");
    EXPECT_THROW(run->refuse(1), OrchestratorError);  // it does not wait
    EXPECT_EQ(request(1, wide(db)), "wait 1");
    EXPECT_EQ(text(run->refuse(1)), "set_up_failed 1");
    EXPECT_EQ(done(0), "call 0");
    EXPECT_EQ(ready(), Texts{});  // it waits no more
    EXPECT_EQ(request(1, wide(db)), "resume 1:db");
}

TEST_F(RequestsTest, GoesBackToWhatHadRequestedTheReplacedParameter) {
    const ClosureId c = closure(module, {{client, module, {}, no_loop}, {db, module, {}, no_loop}});
    test(c, {none, 0}), test(c, {none, 1});
    start(1);
    EXPECT_EQ(admit(), "set_up 0:client");
    request(0, wide(db, 0, plan.instance_of(0, 0)));
    EXPECT_EQ(done(0), "resume 0:requested");
    go_to(0, "finished 0");
    EXPECT_EQ(admit(), "tear_down 1:client");
    EXPECT_EQ(done(1), "tear_down 1:requested");
    EXPECT_EQ(done(1), "set_up 1:client");
    EXPECT_EQ(done(1), "set_up 1:db");
    EXPECT_EQ(done(1), "call 1");
}

// It is asked for while its foundation is being torn down: nobody else may get hold of it.
TEST_F(RequestsTest, TakesDownWithAParameterWhatWasBuiltOnItMeanwhile) {
    const FixtureId late = fixture("late");
    const ClosureId c =
        closure(module, {{db, module, {}, no_loop}, {client, module, {0}, no_loop}});
    test(c, {0, none}), test(c, {1, none}), test(empty);
    start(2);
    admit();
    go_to(0, "finished 0");
    EXPECT_EQ(admit(), "tear_down 1:client");
    const Request on_db{late, module, none, no_loop, {plan.instance_of(0, 0)}, none};
    EXPECT_EQ(request(1, on_db), "set_up 1:requested");
    EXPECT_EQ(done(1), "resume 1:requested");
    EXPECT_EQ(admit(), "call 2");
    EXPECT_EQ(request(2, wide(late)), "wait 2");
    EXPECT_EQ(done(1), "tear_down 1:requested");
    EXPECT_EQ(done(1), "tear_down 1:db");
    EXPECT_EQ(ready(), Texts{"set_up 2:requested"});
}

// Who waits for its turn to build on something holds that, whoever had set it up.
TEST_F(RequestsTest, KeepsWhatARequestedFixtureIsToBeBuiltOn) {
    test(closure(module, {{db, module, {}, no_loop}}), {0});
    test(empty), test(empty), test(empty);
    start(4);
    admit(), done(0), admit(), admit(), admit();
    go_to(0, "finished 0");
    EXPECT_EQ(request(2, wide(client, 0)), "set_up 2:requested");
    const Request on_db{client, module, 1, no_loop, {plan.instance_of(0, 0)}, none};
    EXPECT_EQ(request(1, on_db), "wait 1");
    EXPECT_EQ(request(3, wide(db, 1)), "wait 3");
}

TEST_F(RequestsTest, RejectsWhatCannotBe) {
    const ScopeId other = plan.add_scope_instance(Scope::module, session);
    test(closure(module, {{db, module, {}, no_loop}}));
    test(closure(other, {}));
    start(1);
    EXPECT_THROW(request(0, wide(db)), OrchestratorError);  // has not started
    admit();
    EXPECT_THROW(request(0, wide(db)), OrchestratorError);  // is setting it up itself
    EXPECT_THROW(request(0, wide(99)), OrchestratorError);
    EXPECT_THROW(request(0, {client, other, none, no_loop, {}, none}), OrchestratorError);
    EXPECT_THROW(request(0, {client, module, none, own_loop, {}, none}), OrchestratorError);
    EXPECT_THROW(request(0, {client, module, none, no_loop, {42}, none}), OrchestratorError);
    go_to(0, "tear_down 0:db");
    EXPECT_THROW(request(0, own(client)), OrchestratorError);  // its own are torn down
    EXPECT_EQ(request(0, wide(client)), "set_up 0:requested");
}

// A plugin may look fixtures up that no test of the run names, on loops nobody has used.
TEST_F(RequestsTest, TakesFixturesAndLoopsThatWereAddedLate) {
    test(empty);
    start(1);
    admit();
    const FixtureId late = plan.add_fixture("late");
    const LoopId loop = plan.add_loop(session);
    EXPECT_EQ(request(0, {late, module, none, loop, {}, none}), "open_loop 0:loop");
    EXPECT_EQ(done(0), "set_up 0:requested");
    EXPECT_EQ(done(0), "resume 0:requested");
    EXPECT_EQ(done(0), "tear_down 0:requested");
    EXPECT_EQ(done(0), "close_loop 0:loop");
}

}  // namespace

}  // namespace fasttest
