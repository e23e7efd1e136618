#include "core/fixture_graph.hpp"

#include <algorithm>
#include <set>

#include "core/closure_walk.hpp"
#include "core/errors.hpp"

namespace fasttest {

namespace {

std::size_t at(std::int32_t id) {
    return static_cast<std::size_t>(id);
}

}  // namespace

FixtureGraph::FixtureGraph() : parents_{none}, autouse_(1) {}

NodeId FixtureGraph::add_node(NodeId parent) {
    check_id("node", parent, parents_.size());
    parents_.push_back(parent);
    autouse_.emplace_back();
    return static_cast<NodeId>(parents_.size() - 1);
}

FixtureId FixtureGraph::add_fixture(const std::string& name, Scope scope, NodeId node,
                                    std::span<const std::string> argnames, bool autouse) {
    check_id("node", node, parents_.size());
    const std::int32_t number = intern(name);
    Definition definition{name, scope, node, {}};
    for (const std::string& argname : argnames) definition.argnames.push_back(intern(argname));
    definitions_.push_back(std::move(definition));
    const auto id = static_cast<FixtureId>(definitions_.size() - 1);
    by_name_[at(number)].push_back(id);
    if (autouse) autouse_[at(node)].push_back(number);
    return id;
}

std::vector<FixtureGraph::Resolved> FixtureGraph::closure(
    NodeId node, std::span<const std::string> argnames,
    std::span<const std::string> ignored) const {
    check_id("node", node, parents_.size());
    std::vector<std::int32_t> values;
    for (const std::string& name : ignored)
        if (const auto found = numbers_.find(name); found != numbers_.end())
            values.push_back(found->second);
    std::vector<std::int32_t> names;
    for (const NodeId around : path_to(node))
        names.insert(names.end(), autouse_[at(around)].begin(), autouse_[at(around)].end());
    for (const std::string& name : argnames) {
        if (std::ranges::count(ignored, name) != 0) continue;
        const auto found = numbers_.find(name);
        if (found == numbers_.end()) throw FixtureLookupError(not_found(name, {name}, node));
        names.push_back(found->second);
    }
    return ClosureWalk(*this, node, std::move(values)).run(names);
}

std::vector<FixtureId> FixtureGraph::visible(std::int32_t name, NodeId node) const {
    std::vector<FixtureId> found;
    for (const NodeId around : path_to(node)) {
        for (const FixtureId id : by_name_[at(name)])
            if (definition(id).node == around) found.push_back(id);
    }
    return found;
}

std::string FixtureGraph::not_found(const std::string& name, const std::vector<std::string>& path,
                                    NodeId node) const {
    std::set<std::string> names;
    const std::vector<NodeId> around = path_to(node);
    for (const Definition& d : definitions_)
        if (std::ranges::count(around, d.node) != 0) names.insert(d.name);
    std::string message = "fixture '" + name + "' not found";
    if (path.size() > 1) message += ", asked for along " + joined_path(path);
    message += "; available here:";
    for (const std::string& each : names) message += " " + each;
    return names.empty() ? message + " none" : message;
}

std::int32_t FixtureGraph::intern(const std::string& name) {
    const auto [found, is_new] =
        numbers_.try_emplace(name, static_cast<std::int32_t>(names_.size()));
    if (is_new) {
        names_.push_back(name);
        by_name_.emplace_back();
    }
    return found->second;
}

std::vector<NodeId> FixtureGraph::path_to(NodeId node) const {
    std::vector<NodeId> path;
    for (; node != none; node = parents_[at(node)]) path.push_back(node);
    std::ranges::reverse(path);
    return path;
}

}  // namespace fasttest
