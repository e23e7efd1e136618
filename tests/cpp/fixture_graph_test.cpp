#include "core/fixture_graph.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/errors.hpp"
#include "random_suite.hpp"

namespace fasttest {

namespace {

using Names = std::vector<std::string>;

class FixtureGraphTest : public testing::Test {
  protected:
    FixtureId add(const std::string& name, Scope scope, const Names& argnames = {}, NodeId node = 0,
                  bool autouse = false) {
        return graph.add_fixture(name, scope, node, argnames, autouse);
    }
    std::vector<FixtureId> order(const Names& argnames, NodeId node = 0,
                                 const Names& ignored = {}) {
        std::vector<FixtureId> ids;
        for (const auto& resolved : graph.closure(node, argnames, ignored))
            ids.push_back(resolved.fixture);
        return ids;
    }
    template <class Error>
    std::string message(const Names& argnames, NodeId node = 0) {
        try {
            graph.closure(node, argnames);
        } catch (const Error& error) {
            return error.what();
        }
        return "no such error";
    }

    FixtureGraph graph;
};

// What the test asks for comes in its order, each after what it needs itself.
TEST_F(FixtureGraphTest, SetsUpDependenciesFirst) {
    const auto db = add("db", Scope::function);
    const auto client = add("client", Scope::function, {"db"});
    const auto user = add("user", Scope::function);
    EXPECT_EQ(order({"user", "client"}), (std::vector{user, db, client}));
    EXPECT_EQ(graph.closure(0, Names{"client"})[1].dependencies, std::vector<std::int32_t>{0});
}

// pytest sorts the closure by scope, so a session fixture asked for last is set up first.
TEST_F(FixtureGraphTest, SetsUpWiderScopesFirst) {
    const auto item = add("item", Scope::function);
    const auto module = add("module_thing", Scope::module);
    const auto server = add("server", Scope::session);
    EXPECT_EQ(order({"item", "module_thing", "server"}), (std::vector{server, module, item}));
}

// Even deep inside: the name closure is sorted as a whole.
TEST_F(FixtureGraphTest, SetsUpAWideFixtureBeforeTheNarrowOneThatAsksForIt) {
    const auto server = add("server", Scope::session);
    const auto other = add("other", Scope::function);
    const auto client = add("client", Scope::function, {"other", "server"});
    EXPECT_EQ(order({"client"}), (std::vector{server, other, client}));
}

TEST_F(FixtureGraphTest, SetsUpAutouseFixturesFirstAndOutermostNodesBeforeInner) {
    const NodeId module = graph.add_node(0);
    const auto asked = add("asked", Scope::function);
    const auto inner = add("inner", Scope::function, {}, module, true);
    const auto outer = add("outer", Scope::function, {}, 0, true);
    EXPECT_EQ(order({"asked"}, module), (std::vector{outer, inner, asked}));
    EXPECT_EQ(order({"asked"}), (std::vector{outer, asked}));
}

TEST_F(FixtureGraphTest, PrefersTheNearestDefinitionAndTheLaterOnOneNode) {
    const NodeId module = graph.add_node(0);
    add("db", Scope::function);
    const auto later = add("db", Scope::function);
    const auto near = add("db", Scope::function, {}, module);
    EXPECT_EQ(order({"db"}), std::vector{later});
    EXPECT_EQ(order({"db"}, module), std::vector{near});
}

// The usual way to extend a fixture of a conftest.
TEST_F(FixtureGraphTest, GivesAFixtureThatAsksForItsOwnNameTheOneItHides) {
    const NodeId module = graph.add_node(0);
    const auto outer = add("db", Scope::session);
    const auto inner = add("db", Scope::function, {"db"}, module);
    EXPECT_EQ(order({"db"}, module), (std::vector{outer, inner}));
}

// The chain of askers counts, not only the direct one (pytest's _get_active_fixturedef).
TEST_F(FixtureGraphTest, GivesTheHiddenOneAlsoThroughAnotherFixture) {
    const NodeId module = graph.add_node(0);
    const auto outer = add("db", Scope::function);
    const auto client = add("client", Scope::function, {"db"});
    const auto inner = add("db", Scope::function, {"client"}, module);
    EXPECT_EQ(order({"db"}, module), (std::vector{outer, client, inner}));
}

// A fixture of the conftest sees what the test's module overrides.
TEST_F(FixtureGraphTest, ResolvesFromTheTestsNode) {
    const NodeId module = graph.add_node(0);
    add("db", Scope::function);
    const auto client = add("client", Scope::function, {"db"});
    const auto inner = add("db", Scope::function, {}, module);
    EXPECT_EQ(order({"client"}, module), (std::vector{inner, client}));
}

// Direct parametrization: the value comes from the test, not from a fixture of that name.
TEST_F(FixtureGraphTest, LeavesIgnoredNamesOut) {
    add("db", Scope::function);
    const auto client = add("client", Scope::function, {"db", "size"});
    EXPECT_EQ(order({"client", "size"}, 0, {"db", "size"}), std::vector{client});
}

TEST_F(FixtureGraphTest, NamesTheWholePathOfACycle) {
    add("a", Scope::function, {"b"});
    add("b", Scope::function, {"a"});
    add("start", Scope::function, {"a"});
    EXPECT_NE(message<FixtureCycleError>({"start"}).find("start -> a -> b -> a"),
              std::string::npos);
}

// With nobody to hide, asking for one's own name is the smallest cycle.
TEST_F(FixtureGraphTest, RejectsAFixtureThatNeedsItself) {
    add("a", Scope::function, {"a"});
    EXPECT_NE(message<FixtureCycleError>({"a"}).find("a -> a"), std::string::npos);
}

TEST_F(FixtureGraphTest, NamesPathAndScopesOfAMismatch) {
    add("item", Scope::function);
    add("server", Scope::session, {"item"});
    add("client", Scope::function, {"server"});
    const std::string text = message<ScopeMismatchError>({"client"});
    for (const char* part : {"server -> item", "session", "function"})
        EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST_F(FixtureGraphTest, NamesPathAndAlternativesOfAMissingFixture) {
    const NodeId module = graph.add_node(0);
    add("client", Scope::function, {"bd"});
    add("db", Scope::function);
    add("hidden", Scope::function, {}, module);
    const std::string text = message<FixtureLookupError>({"client"});
    for (const char* part : {"'bd' not found", "client -> bd", "available here: client db"})
        EXPECT_NE(text.find(part), std::string::npos) << text;
    EXPECT_EQ(text.find("hidden"), std::string::npos) << text;
    EXPECT_NE(message<FixtureLookupError>({"never_seen"}).find("never_seen"), std::string::npos);
}

// Names ask only for lower ones, so there is no cycle, whatever overrides whatever.
TEST_F(FixtureGraphTest, PutsEverythingAfterWhatItNeedsInRandomGraphs) {
    for (std::uint32_t seed = 0; seed < 500; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Dice dice(seed);
        FixtureGraph random;
        const std::vector<NodeId> nodes{0, random.add_node(0), random.add_node(1)};
        Names names;
        for (std::int32_t i = 0; i < 12; ++i) {
            const std::string name = "f" + std::to_string(dice.roll(8));
            const Scope scope = name < "f4" ? Scope::session : Scope::function;
            Names argnames;
            for (const std::string& other : names)
                if (other < name && dice.chance(40)) argnames.push_back(other);
            random.add_fixture(name, scope, nodes[static_cast<std::size_t>(dice.roll(3))], argnames,
                               dice.chance(10));
            names.push_back(name);
        }
        std::vector<std::string> seen;
        for (const auto& [fixture, dependencies] : random.closure(2, names)) {
            for (const std::int32_t d : dependencies)
                EXPECT_LT(static_cast<std::size_t>(d), seen.size());
            seen.push_back(random.definition(fixture).name);
        }
        std::ranges::sort(seen);
        std::ranges::sort(names);
        names.erase(std::ranges::unique(names).begin(), names.end());
        EXPECT_EQ(seen, names);
    }
}

}  // namespace

}  // namespace fasttest
