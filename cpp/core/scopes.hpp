#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/plan.hpp"

namespace fasttest {

/// What is open in each scope instance, and which tests have not left it yet.
class Scopes {
  public:
    /// A wide loop or an instance of a wide fixture.
    struct Open {
        bool is_loop;
        std::int32_t id;
        bool operator==(const Open&) const = default;
    };

    explicit Scopes(const Plan& plan);

    std::int32_t remaining(ScopeId scope) const { return at(scope).remaining; }
    /// The last test of the scope instance in collection order that was not dropped, or none.
    TestId last(ScopeId scope) const { return at(scope).last; }
    bool is_closed(ScopeId scope) const { return at(scope).closed; }

    void leave(ScopeId scope) { --at(scope).remaining; }
    void close(ScopeId scope);
    void drop(TestId test);
    /// Finds the last tests anew after some were dropped.
    void settle_last(const std::vector<bool>& dropped);

    void linger(ScopeId scope, TestId test) { at(scope).lingerer = test; }
    /// The test that lingers there if nobody else is left, or none; it is told once.
    TestId take_lingerer(ScopeId scope);

    void push(ScopeId scope, Open open) { at(scope).stack.push_back(open); }
    void remove(ScopeId scope, Open open);
    /// What was opened in the scope instance, oldest first.
    std::span<const Open> stack(ScopeId scope) const { return at(scope).stack; }
    /// The innermost scope instance at or below `scope` where anything is open, or none.
    ScopeId innermost_open(ScopeId scope) const;

  private:
    struct Life {
        std::int32_t remaining = 0;
        TestId last = none;
        TestId lingerer = none;
        bool closed = false;
        std::vector<Open> stack;
    };

    Life& at(ScopeId scope) { return lives_[static_cast<std::size_t>(scope)]; }
    const Life& at(ScopeId scope) const { return lives_[static_cast<std::size_t>(scope)]; }

    const Plan& plan_;
    std::vector<Life> lives_;
};

}  // namespace fasttest
