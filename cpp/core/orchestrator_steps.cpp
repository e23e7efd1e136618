#include <algorithm>
#include <utility>

#include "core/orchestrator.hpp"

namespace fasttest {

namespace {

std::size_t at(std::int32_t id) {
    return static_cast<std::size_t>(id);
}

}  // namespace

Action Orchestrator::advance(Stream& stream) {
    const bool requested = stream.frames.back().kind != Frame::Kind::test;
    return requested ? next_of_request(stream) : next_of_test(stream);
}

Action Orchestrator::next_of_test(Stream& stream) {
    if (stream.phase == Phase::set_up) {
        if (const auto action = set_up_next(stream)) return *action;
        stream.phase = Phase::call;
    }
    if (stream.phase == Phase::call) {
        if (const auto action = open_loop(stream, plan_.loop_of(stream.test))) return *action;
        return perform(stream, {ActionKind::call, stream.test});
    }
    if (stream.phase == Phase::tear_down) {
        if (!stream.stack.empty()) return tear_down_own(stream);
        if (admission_.overlapped(stream.test) && !stream.retrying && !stopped_) {
            stream.phase = Phase::decide;
            return perform(stream, {ActionKind::decide, stream.test});
        }
        stream.phase = Phase::leave;
        release(stream);
    }
    return leave(stream);
}

std::optional<Action> Orchestrator::set_up_next(Stream& stream) {
    const auto entries = plan_.entries(plan_.closure_of(stream.test));
    while (stream.entry < entries.size()) {
        const Suite::Entry& entry = entries[stream.entry];
        const auto action =
            entry.slot == none ? set_up_own(stream, entry) : set_up_wide(stream, entry);
        if (action) return action;
        ++stream.entry;
    }
    return std::nullopt;
}

std::optional<Action> Orchestrator::set_up_own(Stream& stream, const Suite::Entry& entry) {
    const auto number = static_cast<std::int32_t>(stream.entry);
    if (std::ranges::count(stream.stack, number) != 0) return std::nullopt;
    if (const auto action = open_loop(stream, entry.loop)) return action;
    return perform(stream, {ActionKind::set_up, stream.test, number});
}

std::optional<Action> Orchestrator::set_up_wide(Stream& stream, const Suite::Entry& entry) {
    const ClosureId closure = plan_.closure_of(stream.test);
    const auto number = static_cast<std::int32_t>(stream.entry);
    Frame& frame = stream.frames.back();
    if (!frame.failed) {
        std::vector<InstanceId> dependencies;
        for (const std::int32_t d : plan_.dependencies(closure, stream.entry))
            dependencies.push_back(stream.instances[at(d)]);
        const Wanted wanted{entry.slot,   plan_.param_key(stream.test, stream.entry),    entry.loop,
                            dependencies, plan_.instances_of(stream.test)[stream.entry], number};
        if (const auto action = obtain(stream, wanted)) return action;
    }
    const InstanceId instance = frame.failed ? none : instances_.live(entry.slot);
    stream.instances[stream.entry] = instance;
    if (frame.failed || instances_.has_failed(instance)) {
        frame.failed = false;
        return perform(stream, {ActionKind::set_up_failed, stream.test, number, instance});
    }
    use(stream, instance);
    return std::nullopt;
}

/// The action without which the slot cannot serve the stream yet; nullopt if its live instance
/// does, or if it never will (then the frame has failed).
std::optional<Action> Orchestrator::obtain(Stream& stream, const Wanted& wanted) {
    Frame& frame = stream.frames.back();
    if (instances_.is_alive(frame.replacing))
        return tear_down_wide(stream, instances_.next_victim(frame.replacing));
    frame.replacing = none;
    if (std::exchange(frame.replacing_failed, false)) {
        frame.failed = true;
        return std::nullopt;
    }

    const InstanceId live = instances_.live(wanted.slot);
    if (live == none) {
        if (const auto action = open_loop(stream, wanted.loop)) return action;
        const InstanceId made =
            instances_.begin_set_up({wanted.slot, wanted.planned, wanted.param_key, wanted.loop,
                                     wanted.dependencies, stream.test, stream.retrying});
        return perform(stream, {ActionKind::set_up, stream.test, wanted.entry, made});
    }
    const auto is_others = [&](TestId who) { return who != none && who != stream.test; };
    if (is_others(instances_.busy(wanted.slot)) || is_others(instances_.doomed_by(live)))
        return wait_for_slot(stream, wanted.slot);
    if (serves(stream, live, wanted)) return std::nullopt;

    const Instances::Obstacle obstacle = instances_.obstacle(live, stream.test, stream.uses);
    if (obstacle.own) {
        frame.failed = true;
        return std::nullopt;
    }
    if (obstacle.slot != none) return wait_for_slot(stream, obstacle.slot);
    instances_.doom(live, stream.test);
    frame.replacing = live;
    return tear_down_wide(stream, instances_.next_victim(live));
}

bool Orchestrator::serves(const Stream& stream, InstanceId instance, const Wanted& wanted) const {
    if (instances_.param_key(instance) != wanted.param_key) return false;
    if (wanted.renew && instances_.has_failed(instance)) return false;
    // A second run gets a second chance: only its own failures count.
    const bool own_second =
        instances_.made_in_retry(instance) && instances_.maker(instance) == stream.test;
    return !stream.retrying || !instances_.has_failed(instance) || own_second;
}

void Orchestrator::use(Stream& stream, InstanceId instance) {
    if (std::ranges::count(stream.uses, instance) != 0) return;
    stream.uses.push_back(instance);
    instances_.add_user(instance);
}

std::optional<Action> Orchestrator::open_loop(Stream& stream, LoopId loop) {
    if (loop == no_loop) return std::nullopt;
    if (loop == own_loop ? stream.own_loop_open : loops_.is_open(loop)) return std::nullopt;
    if (loop != own_loop) {
        if (loops_.is_opening(loop)) return wait_for_loop(stream, loop);
        loops_.begin_open(loop);
    }
    return perform(stream, {ActionKind::open_loop, stream.test, none, loop});
}

Action Orchestrator::tear_down_own(Stream& stream) {
    const std::int32_t number = stream.stack.back();
    stream.stack.pop_back();
    if (number == own_loop)
        return perform(stream, {ActionKind::close_loop, stream.test, none, own_loop});
    return perform(stream, {ActionKind::tear_down, stream.test, number});
}

Action Orchestrator::tear_down_wide(Stream& stream, InstanceId instance) {
    instances_.begin_tear_down(instance, stream.test == none ? Instances::closer : stream.test);
    const auto found = std::ranges::find(stream.instances, instance);
    const std::int32_t entry = found == stream.instances.end()
                                   ? none
                                   : static_cast<std::int32_t>(found - stream.instances.begin());
    return perform(stream, {ActionKind::tear_down, stream.test, entry, instance});
}

Action Orchestrator::next_of_request(Stream& stream) {
    Frame& frame = stream.frames.back();
    if (frame.failed) return resume(stream, ActionKind::set_up_failed, frame.number, none);
    if (frame.kind == Frame::Kind::own_request) {
        if (frame.ready) return resume(stream, ActionKind::resume, frame.number, none);
        if (const auto action = open_loop(stream, frame.loop)) return *action;
        return perform(stream, {ActionKind::set_up, stream.test, frame.number});
    }
    const auto action = obtain(stream, {frame.slot, frame.param_key, frame.loop, frame.dependencies,
                                        none, none, frame.renew});
    if (action) {
        // The one set up now serves, however that ends.
        if (action->kind == ActionKind::set_up) frame.renew = false;
        return *action;
    }
    if (frame.failed) return resume(stream, ActionKind::set_up_failed, none, none);
    const InstanceId instance = instances_.live(frame.slot);
    if (instances_.has_failed(instance))
        return resume(stream, ActionKind::set_up_failed, none, instance);
    use(stream, instance);
    instances_.depend(frame.requester, instance);
    return resume(stream, ActionKind::resume, none, instance);
}

Action Orchestrator::resume(Stream& stream, ActionKind kind, std::int32_t number,
                            InstanceId instance) {
    stream.frames.pop_back();
    streams_.set_state(stream, Stream::State::performing);
    return {kind, stream.test, number, instance};
}

}  // namespace fasttest
