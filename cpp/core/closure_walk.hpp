#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/fixture_graph.hpp"

namespace fasttest {

/// One walk from a test's arguments through all they depend on, as pytest sets fixtures up.
///
/// pytest first lists the names of the closure and sorts them by scope, then gets one after
/// another, each after its own arguments. The order of set-up comes from doing both.
class ClosureWalk {
  public:
    /// `ignored` holds numbers of names that are no fixtures here.
    ClosureWalk(const FixtureGraph& graph, NodeId node, std::vector<std::int32_t> ignored);

    std::vector<FixtureGraph::Resolved> run(std::span<const std::int32_t> initial);

  private:
    bool is_ignored(std::int32_t name) const;
    const std::vector<FixtureId>& definitions(std::int32_t name);
    void list(std::int32_t name);
    Scope scope_of(std::int32_t name);
    std::int32_t get(std::int32_t name);
    FixtureId pick(std::int32_t name);
    void check_scope(FixtureId asked) const;
    std::vector<std::string> path(const std::string& last) const;

    const FixtureGraph& graph_;
    NodeId node_;
    std::vector<std::int32_t> ignored_;
    std::unordered_map<std::int32_t, std::vector<FixtureId>> definitions_;

    // While listing: how many definitions of a name are passed through right now. pytest's
    // traverse_fixture_closure() counts the same from the end, as negative indexes.
    std::unordered_map<std::int32_t, std::size_t> depth_;
    std::vector<std::int32_t> listed_;

    std::vector<FixtureId> chain_;  // what is being set up, each asked for by the one before
    // The fixture of that name that was completed last: whoever asks now gets that one.
    std::unordered_map<std::int32_t, std::int32_t> completed_;
    std::vector<FixtureGraph::Resolved> resolved_;
};

}  // namespace fasttest
