#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/ids.hpp"
#include "core/rows.hpp"
#include "core/scope.hpp"

namespace fasttest {

/// What a closure needs of one fixture, as the caller states it.
struct ClosureEntry {
    FixtureId fixture;
    ScopeId scope_instance;                  // own_scope: created anew for each test
    std::vector<std::int32_t> dependencies;  // positions of earlier entries of the closure
    LoopId loop;                             // no_loop, own_loop or a wide loop
};

/// How much of a resource a test holds while it runs.
///
/// Whoever claims the whole capacity has the resource to itself: so a writer keeps out readers,
/// each of which claims one unit. Of a rate everybody claims one unit, a start.
struct Claim {
    ResourceId resource;
    std::int32_t units;
    bool operator==(const Claim&) const = default;
};

/// The collected suite as tables of integers: scope instances, loops, closures, resources, tests.
///
/// Each `add_` returns the new row's id and throws PlanError for what cannot be. Fixtures and
/// loops may also be added once the suite is prepared, for requests at run time.
class Suite {
  public:
    /// An entry as stored; its dependencies are a row of their own.
    struct Entry {
        FixtureId fixture;
        ScopeId scope_instance;
        LoopId loop;
        SlotId slot;  // none for what a test owns
    };

    Suite();

    ScopeId add_scope_instance(Scope scope, ScopeId parent);
    FixtureId add_fixture(std::string name);
    LoopId add_loop(ScopeId scope_instance);
    ResourceId add_resource(std::string name, std::int32_t capacity);
    /// Adds a resource that limits how often tests start: a unit that a test has taken comes back
    /// when the caller says so, whether the test has ended or not.
    ResourceId add_rate(std::string name, std::int32_t starts);
    /// Adds a closure; `entries` are in set-up order.
    ///
    /// Throws ScopeMismatchError when an entry depends on one that does not live at least as long.
    ClosureId add_closure(ScopeId scope_instance, std::span<const ClosureEntry> entries);
    /// Adds the next test in collection order.
    ///
    /// `params` has one key per entry of the closure (none: not parametrized), or is empty;
    /// `expected_wait` is in seconds, 0 where nothing is known. Of several claims to one resource
    /// the greatest counts.
    TestId add_test(ClosureId closure, std::span<const std::int32_t> params, LoopId loop,
                    std::span<const Claim> claims, bool exclusive, double expected_wait);

    std::size_t scope_instance_count() const { return scope_parent_.size(); }
    std::size_t fixture_count() const { return fixture_names_.size(); }
    std::size_t loop_count() const { return loop_scope_.size(); }
    std::size_t closure_count() const { return closure_scope_.size(); }
    std::size_t resource_count() const { return capacity_.size(); }
    std::size_t test_count() const { return test_closure_.size(); }
    std::size_t slot_count() const { return slot_of_.size(); }

    ScopeId parent(ScopeId id) const { return scope_parent_[static_cast<std::size_t>(id)]; }
    bool is_within(ScopeId inner, ScopeId outer) const;
    ScopeId loop_scope(LoopId loop) const { return loop_scope_[static_cast<std::size_t>(loop)]; }
    const std::string& fixture_name(FixtureId id) const;
    const std::string& resource_name(ResourceId id) const;
    std::int32_t capacity(ResourceId id) const;
    bool is_rate(ResourceId id) const;
    /// The slot of a wide fixture, or none if no closure names it there.
    SlotId slot_of(FixtureId fixture, ScopeId scope_instance) const;

    ScopeId closure_scope(ClosureId id) const {
        return closure_scope_[static_cast<std::size_t>(id)];
    }
    std::span<const Entry> entries(ClosureId closure) const { return entries_[closure]; }
    std::span<const std::int32_t> dependencies(ClosureId closure, std::size_t entry) const {
        return dependencies_[static_cast<std::int32_t>(entries_.begin_of(closure) + entry)];
    }

    ClosureId closure_of(TestId test) const {
        return test_closure_[static_cast<std::size_t>(test)];
    }
    ScopeId scope_of(TestId test) const { return closure_scope(closure_of(test)); }
    std::int32_t param_key(TestId test, std::size_t entry) const;
    LoopId loop_of(TestId test) const;
    /// What the test holds, by rising resource, each once.
    std::span<const Claim> claims_of(TestId test) const;
    bool is_exclusive(TestId test) const;
    double expected_wait(TestId test) const {
        return static_cast<double>(expected_wait_[static_cast<std::size_t>(test)]);
    }

  protected:
    std::size_t table_bytes() const;
    /// Takes no more scope instances, closures, resources and tests.
    void freeze();

  private:
    void check_not_frozen() const;
    void check_entry(ScopeId closure_scope, std::span<const ClosureEntry> entries,
                     std::size_t at) const;
    void check_claim(const Claim& claim) const;
    void check_loop(std::string_view who, LoopId loop, ScopeId scope_instance) const;
    SlotId intern_slot(FixtureId fixture, ScopeId scope_instance);

    bool frozen_ = false;
    std::vector<ScopeId> scope_parent_;
    std::vector<Scope> scope_kind_;
    std::vector<std::string> fixture_names_;
    std::vector<ScopeId> loop_scope_;
    std::vector<std::string> resource_names_;
    std::vector<std::int32_t> capacity_;
    std::vector<bool> is_rate_;

    std::vector<ScopeId> closure_scope_;
    Rows<Entry> entries_;              // one row per closure
    Rows<std::int32_t> dependencies_;  // one row per entry of all closures
    std::unordered_map<std::uint64_t, SlotId> slot_of_;

    std::vector<ClosureId> test_closure_;
    Rows<std::int32_t> params_;  // one row per test; empty: nothing is parametrized
    std::vector<LoopId> test_loop_;
    Rows<Claim> claims_;
    std::vector<bool> exclusive_;
    std::vector<float> expected_wait_;
};

}  // namespace fasttest
