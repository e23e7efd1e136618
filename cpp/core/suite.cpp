#include "core/suite.hpp"

#include <algorithm>
#include <utility>

#include "core/errors.hpp"

namespace fasttest {

namespace {

template <class T>
std::int32_t push(std::vector<T>& table, T row) {
    table.push_back(std::move(row));
    return static_cast<std::int32_t>(table.size() - 1);
}

std::uint64_t slot_key(FixtureId fixture, ScopeId scope_instance) {
    return (static_cast<std::uint64_t>(fixture) << 32U) |
           static_cast<std::uint32_t>(scope_instance);
}

}  // namespace

Suite::Suite() : scope_parent_{none}, scope_kind_{Scope::session} {}

ScopeId Suite::add_scope_instance(Scope scope, ScopeId parent) {
    check_not_frozen();
    check_id("scope instance", parent, scope_instance_count());
    const Scope above = scope_kind_[static_cast<std::size_t>(parent)];
    if (scope == Scope::function || scope == Scope::session || scope > above) {
        throw PlanError("a " + std::string(name(scope)) + " cannot be a scope instance below a " +
                        std::string(name(above)));
    }
    scope_kind_.push_back(scope);
    return push(scope_parent_, parent);
}

FixtureId Suite::add_fixture(std::string name) {
    return push(fixture_names_, std::move(name));
}

LoopId Suite::add_loop(ScopeId scope_instance) {
    check_id("scope instance", scope_instance, scope_instance_count());
    return push(loop_scope_, scope_instance);
}

ResourceId Suite::add_resource(std::string name, std::int32_t capacity) {
    check_not_frozen();
    if (capacity < 1) {
        throw PlanError("resource '" + name + "' has a capacity of " + std::to_string(capacity) +
                        ": no test could ever use it, at least 1 is needed");
    }
    resource_names_.push_back(std::move(name));
    is_rate_.push_back(false);
    return push(capacity_, capacity);
}

ResourceId Suite::add_rate(std::string name, std::int32_t starts) {
    const ResourceId rate = add_resource(std::move(name), starts);
    is_rate_.back() = true;
    return rate;
}

ClosureId Suite::add_closure(ScopeId scope_instance, std::span<const ClosureEntry> entries) {
    check_not_frozen();
    check_id("scope instance", scope_instance, scope_instance_count());
    for (std::size_t at = 0; at < entries.size(); ++at) check_entry(scope_instance, entries, at);
    for (const ClosureEntry& entry : entries) {
        const SlotId slot = entry.scope_instance == own_scope
                                ? none
                                : intern_slot(entry.fixture, entry.scope_instance);
        entries_.append({entry.fixture, entry.scope_instance, entry.loop, slot});
        dependencies_.push_back(entry.dependencies);
    }
    entries_.end_row();
    return push(closure_scope_, scope_instance);
}

TestId Suite::add_test(ClosureId closure, std::span<const std::int32_t> params, LoopId loop,
                       std::span<const Claim> claims, bool exclusive, double expected_wait) {
    check_not_frozen();
    check_id("closure", closure, closure_count());
    if (!params.empty() && params.size() != entries(closure).size()) {
        throw PlanError("closure " + std::to_string(closure) + " has " +
                        std::to_string(entries(closure).size()) + " entries, but " +
                        std::to_string(params.size()) + " parameter keys were given");
    }
    check_loop("a test", loop, closure_scope(closure));
    for (const Claim& claim : claims) check_claim(claim);

    std::vector<Claim> distinct(claims.begin(), claims.end());
    std::ranges::sort(distinct, [](const Claim& one, const Claim& other) {
        return one.resource != other.resource ? one.resource < other.resource
                                              : one.units > other.units;
    });
    const auto repeated = std::ranges::unique(distinct, {}, &Claim::resource);
    distinct.erase(repeated.begin(), repeated.end());
    claims_.push_back(distinct);
    params_.push_back(params);
    test_loop_.push_back(loop);
    exclusive_.push_back(exclusive);
    expected_wait_.push_back(static_cast<float>(expected_wait));
    return push(test_closure_, closure);
}

bool Suite::is_within(ScopeId inner, ScopeId outer) const {
    // A parent is always older than its children, so ids fall on the way up.
    while (inner > outer) inner = parent(inner);
    return inner == outer;
}

const std::string& Suite::fixture_name(FixtureId id) const {
    return fixture_names_[static_cast<std::size_t>(id)];
}

const std::string& Suite::resource_name(ResourceId id) const {
    check_id("resource", id, resource_count());
    return resource_names_[static_cast<std::size_t>(id)];
}

std::int32_t Suite::capacity(ResourceId id) const {
    check_id("resource", id, resource_count());
    return capacity_[static_cast<std::size_t>(id)];
}

bool Suite::is_rate(ResourceId id) const {
    check_id("resource", id, resource_count());
    return is_rate_[static_cast<std::size_t>(id)];
}

std::span<const Claim> Suite::claims_of(TestId test) const {
    check_id("test", test, test_count());
    return claims_[test];
}

SlotId Suite::slot_of(FixtureId fixture, ScopeId scope_instance) const {
    const auto found = slot_of_.find(slot_key(fixture, scope_instance));
    return found == slot_of_.end() ? none : found->second;
}

SlotId Suite::intern_slot(FixtureId fixture, ScopeId scope_instance) {
    const auto next = static_cast<SlotId>(slot_of_.size());
    return slot_of_.try_emplace(slot_key(fixture, scope_instance), next).first->second;
}

LoopId Suite::loop_of(TestId test) const {
    check_id("test", test, test_count());
    return test_loop_[static_cast<std::size_t>(test)];
}

bool Suite::is_exclusive(TestId test) const {
    check_id("test", test, test_count());
    return exclusive_[static_cast<std::size_t>(test)];
}

std::int32_t Suite::param_key(TestId test, std::size_t entry) const {
    const std::span<const std::int32_t> keys = params_[test];
    return keys.empty() ? none : keys[entry];
}

void Suite::check_entry(ScopeId closure_scope, std::span<const ClosureEntry> entries,
                        std::size_t at) const {
    const ClosureEntry& entry = entries[at];
    check_id("fixture", entry.fixture, fixture_count());
    const std::string& name = fixture_name(entry.fixture);
    const bool own = entry.scope_instance == own_scope;
    if (!own) {
        check_id("scope instance", entry.scope_instance, scope_instance_count());
        if (!is_within(closure_scope, entry.scope_instance)) {
            throw PlanError("fixture '" + name + "' lives in scope instance " +
                            std::to_string(entry.scope_instance) +
                            ", which is not around the closure's, " +
                            std::to_string(closure_scope));
        }
        if (entry.loop == own_loop) {
            throw ScopeMismatchError("fixture '" + name +
                                     "' outlives a test but runs on the test's own loop");
        }
    }
    check_loop("fixture '" + name + "'", entry.loop, own ? closure_scope : entry.scope_instance);
    for (const std::int32_t dependency : entry.dependencies) {
        check_id("earlier entry", dependency, at);
        const ClosureEntry& needed = entries[static_cast<std::size_t>(dependency)];
        if (own || (needed.scope_instance != own_scope &&
                    is_within(entry.scope_instance, needed.scope_instance))) {
            continue;
        }
        throw ScopeMismatchError("fixture '" + name + "' outlives what it asks for: " +
                                 joined_path({name, fixture_name(needed.fixture)}));
    }
}

void Suite::check_claim(const Claim& claim) const {
    check_id("resource", claim.resource, resource_count());
    if (is_rate(claim.resource) && claim.units != 1) {
        throw PlanError("a test claims " + std::to_string(claim.units) + " of rate '" +
                        resource_name(claim.resource) + "': it starts once, claim 1");
    }
    if (claim.units >= 1 && claim.units <= capacity(claim.resource)) return;
    throw PlanError("a test claims " + std::to_string(claim.units) + " of resource '" +
                    resource_name(claim.resource) + "', of which there is " +
                    std::to_string(capacity(claim.resource)) + ": claim from 1 up to that");
}

void Suite::check_loop(std::string_view who, LoopId loop, ScopeId scope_instance) const {
    if (loop == no_loop || loop == own_loop) return;
    check_id("loop", loop, loop_count());
    if (!is_within(scope_instance, loop_scope(loop))) {
        throw ScopeMismatchError(std::string(who) + " outlives its loop " + std::to_string(loop));
    }
}

void Suite::check_not_frozen() const {
    if (frozen_) throw PlanError("a prepared plan takes no more than fixtures and loops");
}

void Suite::freeze() {
    frozen_ = true;
    entries_.shrink_to_fit();
    dependencies_.shrink_to_fit();
    test_closure_.shrink_to_fit();
    params_.shrink_to_fit();
    test_loop_.shrink_to_fit();
    claims_.shrink_to_fit();
    expected_wait_.shrink_to_fit();
}

std::size_t Suite::table_bytes() const {
    return scope_parent_.capacity() * sizeof(ScopeId) + scope_kind_.capacity() +
           loop_scope_.capacity() * sizeof(LoopId) + closure_scope_.capacity() * sizeof(ScopeId) +
           entries_.memory_bytes() + dependencies_.memory_bytes() +
           slot_of_.size() * (sizeof(std::uint64_t) + sizeof(SlotId) + 2 * sizeof(void*)) +
           test_closure_.capacity() * sizeof(ClosureId) + params_.memory_bytes() +
           test_loop_.capacity() * sizeof(LoopId) + claims_.memory_bytes() +
           exclusive_.capacity() / 8 + expected_wait_.capacity() * sizeof(float);
}

}  // namespace fasttest
