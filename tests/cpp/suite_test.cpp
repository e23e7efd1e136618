#include "core/suite.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/errors.hpp"

namespace fasttest {

namespace {

class SuiteTest : public testing::Test {
  protected:
    Suite suite;
    ScopeId module = suite.add_scope_instance(Scope::module, session);
    ScopeId klass = suite.add_scope_instance(Scope::class_, module);
    FixtureId db = suite.add_fixture("db");
    FixtureId client = suite.add_fixture("client");

    ClosureId add(ScopeId scope, std::vector<ClosureEntry> entries) {
        return suite.add_closure(scope, entries);
    }
    template <class Error>
    std::string message(ScopeId scope, const std::vector<ClosureEntry>& entries) {
        try {
            suite.add_closure(scope, entries);
        } catch (const Error& error) {
            return error.what();
        }
        return "no such error";
    }
};

TEST_F(SuiteTest, KnowsWhichScopeInstanceIsAroundWhich) {
    EXPECT_TRUE(suite.is_within(klass, session));
    EXPECT_TRUE(suite.is_within(klass, klass));
    EXPECT_FALSE(suite.is_within(module, klass));
    const ScopeId other = suite.add_scope_instance(Scope::module, session);
    EXPECT_FALSE(suite.is_within(other, module));
}

// A module inside a class would never end when its class does.
TEST_F(SuiteTest, RejectsAScopeInstanceInsideANarrowerOne) {
    EXPECT_THROW(suite.add_scope_instance(Scope::module, klass), PlanError);
    EXPECT_THROW(suite.add_scope_instance(Scope::function, klass), PlanError);
    EXPECT_NO_THROW(suite.add_scope_instance(Scope::class_, klass));
}

TEST_F(SuiteTest, GivesClosuresThatNameOneFixtureInOnePlaceTheSameSlot) {
    const ClosureId first = add(klass, {{db, module, {}, no_loop}});
    const ClosureId second =
        add(module, {{client, own_scope, {}, no_loop}, {db, module, {}, no_loop}});
    EXPECT_EQ(suite.entries(first)[0].slot, suite.entries(second)[1].slot);
    EXPECT_EQ(suite.entries(second)[0].slot, none);
    EXPECT_EQ(suite.slot_of(db, klass), none);
}

// A module fixture must not be built on something that ends with each test.
TEST_F(SuiteTest, NamesBothFixturesOfAScopeMismatch) {
    const std::string text = message<ScopeMismatchError>(
        klass, {{db, own_scope, {}, no_loop}, {client, module, {0}, no_loop}});
    EXPECT_NE(text.find("client -> db"), std::string::npos) << text;
    EXPECT_NE(message<ScopeMismatchError>(
                  klass, {{db, klass, {}, no_loop}, {client, module, {0}, no_loop}}),
              "no such error");
}

TEST_F(SuiteTest, RejectsAFixtureThatOutlivesItsLoop) {
    const LoopId loop = suite.add_loop(klass);
    EXPECT_NE(message<ScopeMismatchError>(klass, {{db, module, {}, loop}}), "no such error");
    EXPECT_NE(message<ScopeMismatchError>(klass, {{db, klass, {}, own_loop}}), "no such error");
    EXPECT_NO_THROW(add(klass, {{db, klass, {}, loop}}));
    EXPECT_NO_THROW(add(klass, {{db, own_scope, {}, own_loop}}));
}

TEST_F(SuiteTest, RejectsDependenciesThatComeLater) {
    EXPECT_NE(message<PlanError>(module, {{db, module, {0}, no_loop}}).find("earlier entry 0"),
              std::string::npos);
}

TEST_F(SuiteTest, RejectsScopeInstancesThatAreNotAroundTheTest) {
    const ScopeId other = suite.add_scope_instance(Scope::module, session);
    EXPECT_NE(message<PlanError>(klass, {{db, other, {}, no_loop}}).find("not around"),
              std::string::npos);
}

TEST_F(SuiteTest, RejectsWhatWasNeverAdded) {
    EXPECT_NE(message<PlanError>(module, {{7, module, {}, no_loop}}).find("no fixture 7"),
              std::string::npos);
    EXPECT_THROW(suite.add_test(0, {}, no_loop, {}, false, 0), PlanError);
    EXPECT_THROW(suite.add_loop(99), PlanError);
    EXPECT_THROW(suite.add_resource("db", 0), PlanError);
}

TEST_F(SuiteTest, WantsOneParameterKeyPerEntry) {
    const ClosureId closure = add(module, {{db, module, {}, no_loop}});
    EXPECT_THROW(suite.add_test(closure, std::vector<std::int32_t>{0, 1}, no_loop, {}, false, 0),
                 PlanError);
    const TestId plain = suite.add_test(closure, {}, no_loop, {}, false, 0);
    EXPECT_EQ(suite.param_key(plain, 0), none);
}

// A test starts once, however it is written.
TEST_F(SuiteTest, TakesOneStartOfARatePerTest) {
    const ResourceId api = suite.add_rate("api", 5), port = suite.add_resource("port", 5);
    EXPECT_TRUE(suite.is_rate(api));
    EXPECT_FALSE(suite.is_rate(port));
    EXPECT_EQ(suite.capacity(api), 5);
    EXPECT_THROW(suite.add_rate("none", 0), PlanError);
    const ClosureId closure = suite.add_closure(session, {});
    EXPECT_THROW(suite.add_test(closure, {}, no_loop, std::vector<Claim>{{api, 2}}, false, 0),
                 PlanError);
}

// Who reads and writes one resource holds it as a writer, once.
TEST_F(SuiteTest, KeepsTheGreatestOfSeveralClaimsToAResource) {
    const ResourceId port = suite.add_resource("port", 1), db = suite.add_resource("db", 5);
    const std::vector<Claim> claims{{db, 1}, {port, 1}, {db, 5}, {db, 2}, {port, 1}};
    const TestId test = suite.add_test(add(module, {}), {}, no_loop, claims, false, 0);
    const std::vector<Claim> kept(suite.claims_of(test).begin(), suite.claims_of(test).end());
    EXPECT_EQ(kept, (std::vector<Claim>{{port, 1}, {db, 5}}));
}

// It could never start.
TEST_F(SuiteTest, RejectsAClaimToMoreThanThereIs) {
    const ResourceId db = suite.add_resource("db", 5);
    const ClosureId closure = add(module, {});
    for (const std::int32_t units : {-1, 0, 6}) {
        const std::vector<Claim> claims{{db, units}};
        EXPECT_THROW(suite.add_test(closure, {}, no_loop, claims, false, 0), PlanError);
    }
    EXPECT_EQ(suite.test_count(), 0U);
}

}  // namespace

}  // namespace fasttest
