#include <algorithm>

#include "core/orchestrator.hpp"

namespace fasttest {

void Orchestrator::apply(Stream& stream, const Action& action, bool ok) {
    switch (action.kind) {
        case ActionKind::open_loop:
            return opened(stream, action.instance, ok);
        case ActionKind::set_up:
            return set_up(stream, action, ok);
        case ActionKind::tear_down:
            if (!ok && stream.frames.back().replacing != none)
                stream.frames.back().replacing_failed = true;
            return torn_down(stream, action);
        case ActionKind::close_loop:
            return closed(stream, action.instance);
        case ActionKind::call:
        case ActionKind::set_up_failed:
            stream.phase = Phase::tear_down;
            return;
        case ActionKind::start:
            if (!ok) stream.phase = Phase::tear_down;
            return;
        case ActionKind::decide:
            stream.phase = Phase::leave;
            return release(stream);
        case ActionKind::hold:
            if (stream.held == stream.scope) stream.held = none;
            return;
        case ActionKind::wait:
        case ActionKind::finished:
        case ActionKind::resume:
        case ActionKind::nothing:
            return;  // never pending
    }
}

void Orchestrator::opened(Stream& stream, LoopId loop, bool ok) {
    if (loop == own_loop) {
        stream.own_loop_open = ok;
        if (ok) stream.stack.push_back(own_loop);
    } else {
        loops_.end_open(loop, ok);
        if (ok) scopes_.push(plan_.loop_scope(loop), {true, loop});
        wake_all(loop_waiters_[static_cast<std::size_t>(loop)]);
    }
    if (!ok) fail(stream);
}

void Orchestrator::set_up(Stream& stream, const Action& action, bool ok) {
    Frame& frame = stream.frames.back();
    if (action.instance == none) {
        stream.stack.push_back(action.entry);
        if (!ok) return fail(stream);
        frame.ready = true;
        return;
    }
    const SlotId slot = instances_.slot_of(action.instance);
    instances_.end_set_up(action.instance, ok);
    scopes_.push(instances_.scope_of(slot), {false, action.instance});
    loops_.add_instance(instances_.loop_of(action.instance));
    if (frame.kind == Frame::Kind::test) {
        stream.instances[static_cast<std::size_t>(action.entry)] = action.instance;
        if (!ok) fail(stream);
    }
    wake_slot(slot);
}

/// The frame's own fixture or loop could not be had: a test goes on to its teardown.
void Orchestrator::fail(Stream& stream) {
    Frame& frame = stream.frames.back();
    if (frame.kind == Frame::Kind::test) {
        stream.phase = Phase::tear_down;
    } else {
        frame.failed = true;
    }
}

void Orchestrator::torn_down(Stream& stream, const Action& action) {
    if (action.instance == none) return;
    // It went because what it had requested at run time had to make room. The walk goes back to
    // it; what is still there is passed over.
    if (stream.phase == Phase::set_up && action.entry != none)
        stream.entry = std::min(stream.entry, static_cast<std::size_t>(action.entry));
    const SlotId slot = instances_.slot_of(action.instance);
    instances_.end_tear_down(action.instance);
    scopes_.remove(instances_.scope_of(slot), {false, action.instance});
    loops_.remove_instance(instances_.loop_of(action.instance));
    wake_slot(slot);
}

void Orchestrator::closed(Stream& stream, LoopId loop) {
    if (loop == own_loop) {
        stream.own_loop_open = false;
    } else {
        loops_.close(loop);
    }
}

}  // namespace fasttest
