#include "core/closure_walk.hpp"

#include <algorithm>
#include <utility>

#include "core/errors.hpp"

namespace fasttest {

ClosureWalk::ClosureWalk(const FixtureGraph& graph, NodeId node, std::vector<std::int32_t> ignored)
    : graph_(graph), node_(node), ignored_(std::move(ignored)) {}

std::vector<FixtureGraph::Resolved> ClosureWalk::run(std::span<const std::int32_t> initial) {
    for (const std::int32_t name : initial) list(name);
    std::ranges::stable_sort(listed_, std::ranges::greater(),
                             [this](std::int32_t name) { return scope_of(name); });
    for (const std::int32_t name : listed_) get(name);
    return std::move(resolved_);
}

bool ClosureWalk::is_ignored(std::int32_t name) const {
    return std::ranges::count(ignored_, name) != 0;
}

const std::vector<FixtureId>& ClosureWalk::definitions(std::int32_t name) {
    const auto [found, is_new] = definitions_.try_emplace(name);
    if (is_new) found->second = graph_.visible(name, node_);
    return found->second;
}

void ClosureWalk::list(std::int32_t name) {
    if (is_ignored(name)) return;
    const auto [found, is_new] = depth_.try_emplace(name, 0);
    if (is_new) {
        listed_.push_back(name);
    } else if (found->second == 0) {
        return;  // has been walked through to the end
    }
    const std::vector<FixtureId>& visible = definitions(name);
    const std::size_t depth = found->second;
    if (depth >= visible.size()) return;  // get() says what is wrong
    depth_[name] = depth + 1;
    for (const std::int32_t argname :
         graph_.definition(visible[visible.size() - 1 - depth]).argnames) {
        list(argname);
    }
    depth_[name] = depth;
}

Scope ClosureWalk::scope_of(std::int32_t name) {
    const std::vector<FixtureId>& visible = definitions(name);
    return visible.empty() ? Scope::function : graph_.definition(visible.back()).scope;
}

/// Sets the fixture up after its arguments, unless it is there; returns its position.
std::int32_t ClosureWalk::get(std::int32_t name) {
    if (const auto found = completed_.find(name); found != completed_.end()) {
        check_scope(resolved_[static_cast<std::size_t>(found->second)].fixture);
        return found->second;
    }
    const FixtureId id = pick(name);
    check_scope(id);
    chain_.push_back(id);
    FixtureGraph::Resolved resolved{id, {}};
    for (const std::int32_t argname : graph_.definition(id).argnames)
        if (!is_ignored(argname)) resolved.dependencies.push_back(get(argname));
    chain_.pop_back();
    resolved_.push_back(std::move(resolved));
    const auto position = static_cast<std::int32_t>(resolved_.size() - 1);
    completed_[name] = position;
    return position;
}

/// The definition that the innermost asker gets: one further out for each of the same name that
/// is being set up already.
FixtureId ClosureWalk::pick(std::int32_t name) {
    const std::vector<FixtureId>& visible = definitions(name);
    const std::string& text = graph_.name(name);
    if (visible.empty()) throw FixtureLookupError(graph_.not_found(text, path(text), node_));
    const auto inside = static_cast<std::size_t>(std::ranges::count(
        chain_, text, [this](FixtureId id) { return graph_.definition(id).name; }));
    if (inside >= visible.size()) {
        throw FixtureCycleError("fixture '" + text + "' needs itself: " + joined_path(path(text)) +
                                "; no fixture of that name further out ends the circle");
    }
    return visible[visible.size() - 1 - inside];
}

void ClosureWalk::check_scope(FixtureId asked) const {
    if (chain_.empty()) return;
    const FixtureGraph::Definition& asker = graph_.definition(chain_.back());
    const FixtureGraph::Definition& needed = graph_.definition(asked);
    if (asker.scope <= needed.scope) return;
    throw ScopeMismatchError("fixture '" + asker.name + "' has scope " +
                             std::string(name(asker.scope)) + " and cannot use '" + needed.name +
                             "', which has scope " + std::string(name(needed.scope)) + ": " +
                             joined_path(path(needed.name)) +
                             "; widen the second or narrow the first");
}

std::vector<std::string> ClosureWalk::path(const std::string& last) const {
    std::vector<std::string> names;
    names.reserve(chain_.size() + 1);
    for (const FixtureId id : chain_) names.push_back(graph_.definition(id).name);
    names.push_back(last);
    return names;
}

}  // namespace fasttest
