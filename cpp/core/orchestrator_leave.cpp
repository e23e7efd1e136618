#include <ranges>
#include <utility>

#include "core/orchestrator.hpp"

namespace fasttest {

/// Leaves the scope instances around the test, innermost first, and closes those it leaves empty.
/// Halts before the one where it was told to.
Action Orchestrator::leave(Stream& stream) {
    if (stream.test == none) {
        const auto action = close(stream, session);
        return action ? *action : finish(stream);
    }
    while (stream.scope != none) {
        const ScopeId scope = stream.scope;
        if (scope == stream.held) return perform(stream, {ActionKind::hold, stream.test});
        if (scopes_.remaining(scope) == 1) {
            if (const auto action = close(stream, scope)) return *action;
            scopes_.close(scope);
        } else if (scopes_.last(scope) == stream.test && !admission_.runs_alone(stream.test)) {
            return linger(stream);
        } else {
            scopes_.leave(scope);
            wake_lingerer(scope);
        }
        stream.scope = plan_.parent(scope);
    }
    return finish(stream);
}

/// The last test in collection order stays until the others have left, so that an error in the
/// teardown is reported where pytest reports it. It holds nothing that anybody may wait for. One
/// that runs alone does not stay: others would run in its midst.
Action Orchestrator::linger(Stream& stream) {
    release(stream);
    admission_.land(stream.test);
    scopes_.linger(stream.scope, stream.test);
    streams_.set_state(stream, Stream::State::lingering);
    return {ActionKind::wait, stream.test};
}

std::optional<Action> Orchestrator::close(Stream& stream, ScopeId scope) {
    // Where tests were dropped, scope instances below may have been left open by everybody.
    const ScopeId innermost = stopped_ ? scopes_.innermost_open(scope) : scope;
    if (innermost == none || scopes_.stack(innermost).empty()) return std::nullopt;
    const Scopes::Open open = next_to_close(innermost);
    if (!open.is_loop) {
        const SlotId slot = instances_.slot_of(open.id);
        if (instances_.busy(slot) != none || instances_.doomed_by(open.id) != none)
            return wait_for_slot(stream, slot);
    }
    if (stream.test != none) admission_.rejoin(stream.test);
    if (!open.is_loop) return tear_down_wide(stream, open.id);
    scopes_.remove(innermost, open);
    return perform(stream, {ActionKind::close_loop, stream.test, none, open.id});
}

/// The youngest of what is open that nothing else needs. Usually it is the last; what was
/// requested late by an older fixture has to wait for that one.
Scopes::Open Orchestrator::next_to_close(ScopeId scope) const {
    const std::span<const Scopes::Open> stack = scopes_.stack(scope);
    for (const Scopes::Open& open : std::views::reverse(stack)) {
        const bool needed =
            open.is_loop ? loops_.is_used(open.id) : instances_.has_live_dependents(open.id);
        if (!needed) return open;
    }
    return stack.back();
}

Action Orchestrator::finish(Stream& stream) {
    const TestId test = stream.test;
    if (test != none) {
        drop_uses(stream);
        admission_.land(test);
    }
    streams_.close(test);
    return {ActionKind::finished, test};
}

/// Those who wait for the end of the instances it needs go on waiting, so that its second run, too,
/// finds them alive.
Action Orchestrator::send_back(Stream& stream) {
    const TestId test = stream.test;
    const Action finished = finish(stream);
    retried_[static_cast<std::size_t>(test)] = true;
    admission_.retry(test);
    return finished;
}

void Orchestrator::release(Stream& stream) {
    admission_.release(stream.test);
    drop_uses(stream);
}

void Orchestrator::drop_uses(Stream& stream) {
    // One user that is left may be the one who wants to replace the instance.
    for (const InstanceId instance : std::exchange(stream.uses, {}))
        if (instances_.remove_user(instance) <= 1) wake_slot(instances_.slot_of(instance));
}

}  // namespace fasttest
