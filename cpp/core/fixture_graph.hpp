#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/ids.hpp"
#include "core/scope.hpp"

namespace fasttest {

/// Fixtures by name: which definition a test gets, what it needs in turn, and in which order.
///
/// Resolves as pytest's fixture manager does (`_pytest/fixtures.py`): always from the test's node,
/// so that a module's fixture sees what a class overrides when a test of that class asks for it.
class FixtureGraph {
  public:
    struct Definition {
        std::string name;
        Scope scope;
        NodeId node;
        std::vector<std::int32_t> argnames;  // numbers of names
    };
    struct Resolved {
        FixtureId fixture;
        std::vector<std::int32_t> dependencies;  // positions of earlier ones
    };

    /// Starts with the root, node 0.
    FixtureGraph();

    NodeId add_node(NodeId parent);
    /// Defines a fixture for the tests at and below `node`.
    ///
    /// It hides definitions of that name on nodes further out and earlier ones on the same node;
    /// by asking for its own name it gets the one it hides.
    FixtureId add_fixture(const std::string& name, Scope scope, NodeId node,
                          std::span<const std::string> argnames, bool autouse);
    std::size_t size() const { return definitions_.size(); }

    /// What a test at `node` with these arguments needs, in the order of set-up: autouse fixtures
    /// from the outermost node inwards, then the arguments, wider scopes first, and each after
    /// what it depends on.
    ///
    /// `ignored` names are values that come from elsewhere. Throws FixtureLookupError,
    /// FixtureCycleError or ScopeMismatchError, each with the path that leads there.
    std::vector<Resolved> closure(NodeId node, std::span<const std::string> argnames,
                                  std::span<const std::string> ignored = {}) const;

    const Definition& definition(FixtureId id) const {
        return definitions_[static_cast<std::size_t>(id)];
    }
    const std::string& name(std::int32_t number) const {
        return names_[static_cast<std::size_t>(number)];
    }
    /// The definitions of a name that a test at `node` can see, the one that wins last.
    std::vector<FixtureId> visible(std::int32_t name, NodeId node) const;

    /// The message for a name that a test at `node` cannot see; `path` ends with that name.
    std::string not_found(const std::string& name, const std::vector<std::string>& path,
                          NodeId node) const;

  private:
    std::int32_t intern(const std::string& name);
    std::vector<NodeId> path_to(NodeId node) const;  // from the root

    std::vector<NodeId> parents_;
    std::vector<std::vector<std::int32_t>> autouse_;  // per node, in the order of definition
    std::vector<Definition> definitions_;
    std::vector<std::string> names_;
    std::unordered_map<std::string, std::int32_t> numbers_;
    std::vector<std::vector<FixtureId>> by_name_;  // in the order of definition
};

}  // namespace fasttest
