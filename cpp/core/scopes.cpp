#include "core/scopes.hpp"

#include <algorithm>
#include <ranges>
#include <utility>

namespace fasttest {

Scopes::Scopes(const Plan& plan) : plan_(plan), lives_(plan.scope_instance_count()) {
    for (TestId test = 0; static_cast<std::size_t>(test) < plan.test_count(); ++test) {
        for (ScopeId s = plan.scope_of(test); s != none; s = plan.parent(s)) {
            ++at(s).remaining;
            at(s).last = test;
        }
    }
}

void Scopes::close(ScopeId scope) {
    at(scope).remaining = 0;
    at(scope).closed = true;
}

void Scopes::drop(TestId test) {
    for (ScopeId s = plan_.scope_of(test); s != none; s = plan_.parent(s)) leave(s);
}

void Scopes::settle_last(const std::vector<bool>& dropped) {
    for (Life& life : lives_) life.last = none;
    for (TestId test = 0; static_cast<std::size_t>(test) < dropped.size(); ++test) {
        if (dropped[static_cast<std::size_t>(test)]) continue;
        for (ScopeId s = plan_.scope_of(test); s != none; s = plan_.parent(s)) at(s).last = test;
    }
}

TestId Scopes::take_lingerer(ScopeId scope) {
    return remaining(scope) == 1 ? std::exchange(at(scope).lingerer, none) : none;
}

void Scopes::remove(ScopeId scope, Open open) {
    // What goes is nearly always at the top.
    std::vector<Open>& stack = at(scope).stack;
    const auto found = std::ranges::find(std::views::reverse(stack), open);
    stack.erase(std::next(found).base());
}

ScopeId Scopes::innermost_open(ScopeId scope) const {
    // Children have greater ids than their parents, so the first one found has nothing below it.
    for (auto s = static_cast<ScopeId>(lives_.size() - 1); s >= scope; --s)
        if (!at(s).stack.empty() && plan_.is_within(s, scope)) return s;
    return none;
}

}  // namespace fasttest
