#include <gtest/gtest.h>

#include "script.hpp"

namespace fasttest {

namespace {

using TeardownTest = Script;

TEST_F(TeardownTest, ReversesSetUpWithinAScopeAndEndsInnerScopesFirst) {
    const FixtureId server = fixture("server"), db = fixture("db"), table = fixture("table");
    test(closure(
        module,
        {{server, session, {}, no_loop}, {db, module, {}, no_loop}, {table, module, {}, no_loop}}));
    start(1);
    const Texts actions = run_all();
    EXPECT_EQ(Texts(actions.end() - 3, actions.end()),
              (Texts{"tear_down 0:table", "tear_down 0:db", "tear_down 0:server"}));
}

// pytest reports an error in a module's teardown on the module's last test; so do we, though
// another test may end later.
TEST_F(TeardownTest, LetsTheLastTestInCollectionOrderCloseTheModule) {
    const FixtureId db = fixture("db");
    const ClosureId c = closure(module, {{db, module, {}, no_loop}});
    test(c), test(c);
    start(2);
    admit(), admit(), done(0);
    ready();
    EXPECT_EQ(done(1), "decide 1");
    EXPECT_EQ(done(1), "wait 1");
    EXPECT_EQ(run->in_flight(), 1U);  // who only lingers is not in flight
    EXPECT_EQ(done(0), "decide 0");
    EXPECT_EQ(done(0), "finished 0");
    EXPECT_EQ(ready(), Texts{"tear_down 1:db"});
    EXPECT_EQ(run->in_flight(), 1U);
    EXPECT_EQ(done(1), "finished 1");
}

// A class ends when its tests have left, not when the module does.
TEST_F(TeardownTest, ClosesAnInnerScopeWhileTheOuterOneGoesOn) {
    const ScopeId klass = plan.add_scope_instance(Scope::class_, module);
    const FixtureId db = fixture("db"), table = fixture("table");
    test(closure(klass, {{db, module, {}, no_loop}, {table, klass, {}, no_loop}}));
    test(closure(module, {{db, module, {}, no_loop}}));
    start(1);
    EXPECT_EQ(run_all(), (Texts{"set_up 0:db", "set_up 0:table", "call 0", "tear_down 0:table",
                                "call 1", "tear_down 1:db"}));
}

// Two parameters of one wide fixture are never alive at once.
TEST_F(TeardownTest, ReplacesAParameterBetweenTwoGroups) {
    const FixtureId db = fixture("db"), table = fixture("table");
    const ClosureId c = closure(module, {{db, module, {}, no_loop}, {table, module, {0}, no_loop}});
    test(c, {0, none}), test(c, {0, none}), test(c, {1, none});
    start(3);
    EXPECT_EQ(admit(), "set_up 0:db");
    EXPECT_EQ(admit(), "wait 1");
    EXPECT_EQ(admit(), "nothing");  // its parameter has to wait for the group before
    go_to(0, "call 0");
    EXPECT_EQ(ready(), Texts{"call 1"});
    done(0), done(0), done(1);
    EXPECT_EQ(admit(), "nothing");
    EXPECT_EQ(done(1), "finished 1");
    EXPECT_EQ(admit(), "tear_down 2:table");  // what is built on it goes first
    EXPECT_EQ(done(2), "tear_down 2:db");
    EXPECT_EQ(done(2), "set_up 2:db");
    EXPECT_EQ(done(2), "set_up 2:table");
}

// What is not built on the parameter stays.
TEST_F(TeardownTest, KeepsWhatDoesNotDependOnTheParameter) {
    const FixtureId db = fixture("db"), other = fixture("other");
    const ClosureId c = closure(module, {{db, module, {}, no_loop}, {other, module, {}, no_loop}});
    test(c, {0, none}), test(c, {1, none});
    start(1);
    EXPECT_EQ(run_all(), (Texts{"set_up 0:db", "set_up 0:other", "call 0", "tear_down 1:db",
                                "set_up 1:db", "call 1", "tear_down 1:db", "tear_down 1:other"}));
}

TEST_F(TeardownTest, ClosesALoopAfterWhatRunsOnItAndBeforeWhatWasThereEarlier) {
    const LoopId loop = plan.add_loop(module);
    const FixtureId early = fixture("early"), late = fixture("late");
    test(closure(module, {{early, module, {}, no_loop}, {late, module, {}, loop}}));
    start(1);
    EXPECT_EQ(run_all(), (Texts{"set_up 0:early", "open_loop 0:loop", "set_up 0:late", "call 0",
                                "tear_down 0:late", "close_loop 0:loop", "tear_down 0:early"}));
}

// -x: nothing new starts, what runs ends as usual and closes what it can.
TEST_F(TeardownTest, StopDropsTheQueueAndStillTearsEverythingDown) {
    const FixtureId server = fixture("server"), db = fixture("db");
    const ClosureId c =
        closure(module, {{server, session, {}, no_loop}, {db, module, {}, no_loop}});
    test(c), test(c), test(c);
    start(1);
    EXPECT_EQ(admit(), "set_up 0:server");
    go_to(0, "call 0");
    run->stop();
    EXPECT_EQ(std::vector<TestId>(run->dropped().begin(), run->dropped().end()),
              (std::vector<TestId>{1, 2}));
    EXPECT_EQ(done(0), "tear_down 0:db");
    EXPECT_EQ(done(0), "tear_down 0:server");
    EXPECT_EQ(done(0), "finished 0");
    EXPECT_EQ(admit(), "nothing");
    EXPECT_FALSE(run->is_active());
}

// Between two tests nobody is left to close what is open: the stream of no test does.
TEST_F(TeardownTest, StopBetweenTestsClosesScopesWithoutATest) {
    const ScopeId klass = plan.add_scope_instance(Scope::class_, module);
    const LoopId loop = plan.add_loop(module);
    const FixtureId db = fixture("db"), table = fixture("table");
    const ClosureId c = closure(klass, {{db, module, {}, loop}, {table, klass, {}, no_loop}});
    test(c), test(c);
    start(1);
    admit();
    go_to(0, "finished 0");
    run->stop();
    EXPECT_TRUE(run->has_ready());
    EXPECT_EQ(ready(), Texts{"tear_down -1:table"});
    EXPECT_EQ(done(-1, false), "tear_down -1:db");
    EXPECT_EQ(done(-1), "close_loop -1:loop");
    EXPECT_EQ(done(-1), "finished -1");
    EXPECT_FALSE(run->is_active());
}

// Of those that are left after a stop, too, the last in collection order closes the module.
TEST_F(TeardownTest, StopMakesTheLastTestThatRunsCloseTheModule) {
    const FixtureId db = fixture("db");
    const ClosureId c = closure(module, {{db, module, {}, no_loop}});
    test(c), test(c), test(c);
    start(2);
    admit(), admit(), done(0);
    EXPECT_EQ(ready(), Texts{"call 1"});
    run->stop();
    EXPECT_EQ(done(1), "wait 1");
    EXPECT_EQ(done(0), "finished 0");
    EXPECT_EQ(ready(), Texts{"tear_down 1:db"});
}

// A test that lingered for others that will never run closes the scope itself.
TEST_F(TeardownTest, StopWakesWhoLingersForTestsThatWereDropped) {
    const ResourceId port = plan.add_resource("port", 1);
    const FixtureId db = fixture("db");
    const ClosureId c = closure(module, {{db, module, {}, no_loop}});
    plan.add_test(closure(session, {}), {}, no_loop, std::vector{Claim{port, 1}}, false, 0);
    plan.add_test(c, {}, no_loop, std::vector{Claim{port, 1}}, false, 0);
    test(c);
    start(3);
    EXPECT_EQ(admit(), "call 0");
    EXPECT_EQ(admit(), "set_up 2:db");
    go_to(2, "decide 2");
    EXPECT_EQ(done(2), "wait 2");  // for test 1, which waits for the port
    run->stop();
    EXPECT_EQ(ready(), Texts{"tear_down 2:db"});
}

// As in pytest: whoever ends a parameter's group gets its errors and goes without the fixture; the
// next one who needs it sets it up.
TEST_F(TeardownTest, DoesNotSetUpForWhoseSakeATeardownFailed) {
    const FixtureId db = fixture("db");
    const ClosureId c = closure(session, {{db, session, {}, no_loop}});
    test(c, {0}), test(c, {1}), test(c, {1});
    start(1);
    EXPECT_EQ(admit(), "set_up 0:db");
    go_to(0, "finished 0");
    EXPECT_EQ(admit(), "tear_down 1:db");
    EXPECT_EQ(done(1, false), "set_up_failed 1:db");
    EXPECT_EQ(done(1), "finished 1");
    EXPECT_EQ(admit(), "set_up 2:db");
    EXPECT_EQ(done(2), "call 2");
}

}  // namespace

}  // namespace fasttest
