#include "core/orchestrator.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "core/errors.hpp"

namespace fasttest {

namespace {

std::size_t at(std::int32_t id) {
    return static_cast<std::size_t>(id);
}

std::string test_name(TestId test) {
    return "test " + std::to_string(test);
}

const Plan& prepared(const Plan& plan) {
    if (!plan.is_prepared()) throw OrchestratorError("the plan was not prepared: call prepare()");
    return plan;  // NOLINT(bugprone-return-const-ref-from-parameter): the caller borrows it, too
}

}  // namespace

Orchestrator::Orchestrator(const Plan& plan, std::int32_t concurrency, Seed seed)
    : plan_(prepared(plan)),
      admission_(plan, concurrency, seed),
      instances_(plan),
      loops_(plan.loop_count()),
      scopes_(plan),
      streams_(plan.test_count()),
      slot_waiters_(plan.slot_count()),
      loop_waiters_(plan.loop_count()),
      retried_(plan.test_count(), false) {}

Action Orchestrator::admit(bool idle) {
    const TestId test = admission_.next(idle && !has_ready());
    if (test == none) return {ActionKind::nothing};
    Stream& stream = streams_.open(test);
    stream.scope = plan_.scope_of(test);
    stream.retrying = retried_[at(test)];
    const std::size_t entries = plan_.entries(plan_.closure_of(test)).size();
    stream.instances.assign(entries, none);
    stream.next_number = static_cast<std::int32_t>(entries);
    return perform(stream, {ActionKind::start, test});
}

Action Orchestrator::done(TestId test, bool ok) {
    Stream& stream = performing(test);
    const Action ended = std::exchange(stream.frames.back().pending, {ActionKind::nothing});
    if (ended.kind == ActionKind::decide && !ok && !stopped_) {
        const Action finished = send_back(stream);
        settle();
        return finished;
    }
    apply(stream, ended, ok);
    const Action action = advance(stream);
    settle();
    return action;
}

Action Orchestrator::request(TestId test, const Request& request) {
    Stream& stream = performing(test);
    check_request(stream, request);
    loops_.grow(plan_.loop_count());
    loop_waiters_.resize(plan_.loop_count());
    Frame frame;
    frame.param_key = request.param_key;
    frame.loop = request.loop;
    if (request.scope_instance == own_scope) {
        frame.kind = Frame::Kind::own_request;
        frame.number = stream.next_number++;
    } else {
        frame.kind = Frame::Kind::wide_request;
        frame.slot = instances_.slot_of(request.fixture, request.scope_instance);
        frame.requester = request.requester;
        frame.renew = request.renew;
        frame.dependencies = request.dependencies;
        if (at(frame.slot) >= slot_waiters_.size()) slot_waiters_.resize(at(frame.slot) + 1);
        const InstanceId live = instances_.live(frame.slot);
        if (live != none && instances_.is_setting_up(live) && instances_.maker(live) == test) {
            throw OrchestratorError("fixture '" + plan_.fixture_name(request.fixture) +
                                    "' asks for itself while " + test_name(test) + " sets it up");
        }
        for (const InstanceId needed : request.dependencies) use(stream, needed);
    }
    stream.frames.push_back(std::move(frame));
    const Action action = advance(stream);
    settle();
    return action;
}

Action Orchestrator::refuse(TestId test) {
    Stream* stream = streams_.find(test);
    if (stream == nullptr || stream->state != Stream::State::waiting || stream->frames.size() < 2)
        throw OrchestratorError(test_name(test) + " has no request that waits");
    stream->frames.back().failed = true;
    const Action action = advance(*stream);
    settle();
    return action;
}

void Orchestrator::hold(TestId test, ScopeId scope) {
    Stream& stream = performing(test);
    const bool is_ahead = stream.scope != none && plan_.is_within(stream.scope, scope);
    if (scope != none && !is_ahead) {
        throw OrchestratorError(test_name(test) + " cannot halt before scope instance " +
                                std::to_string(scope) + ": it is not around it, or has been left");
    }
    stream.held = scope;
}

std::vector<Action> Orchestrator::get_ready() {
    std::vector<Action> actions;
    while (Stream* stream = streams_.next_ready()) {
        const Action action = advance(*stream);
        if (action.kind != ActionKind::wait) actions.push_back(action);
    }
    settle();
    return actions;
}

void Orchestrator::stop() {
    if (stopped_) return;
    stopped_ = true;
    dropped_ = admission_.stop();
    std::vector<bool> is_dropped(plan_.test_count(), false);
    for (const TestId test : dropped_) {
        is_dropped[at(test)] = true;
        scopes_.drop(test);
    }
    scopes_.settle_last(is_dropped);
    for (ScopeId scope = 0; at(scope) < plan_.scope_instance_count(); ++scope) wake_lingerer(scope);
    settle();
}

std::size_t Orchestrator::waiting() const {
    return streams_.count(Stream::State::waiting) + streams_.count(Stream::State::lingering);
}

bool Orchestrator::overlapped(TestId test) const {
    check_test(test);
    return admission_.overlapped(test);
}

ResourceId Orchestrator::waited_for(TestId test) const {
    check_test(test);
    return admission_.waited_for(test);
}

InstanceId Orchestrator::instance_of(TestId test, std::size_t entry) const {
    check_test(test);
    const Stream* stream = streams_.find(test);
    if (stream == nullptr || entry >= stream->instances.size()) {
        throw OrchestratorError(test_name(test) + " is not running, or its closure has no entry " +
                                std::to_string(entry));
    }
    return stream->instances[entry];
}

void Orchestrator::check_test(TestId test) const {
    if (test >= 0 && at(test) < plan_.test_count()) return;
    throw OrchestratorError("there is no " + test_name(test));
}

Stream& Orchestrator::performing(TestId test) {
    Stream* stream = streams_.find(test);
    if (stream == nullptr || stream->state != Stream::State::performing) {
        throw OrchestratorError(test_name(test) + " has no pending action: it " +
                                (stream == nullptr ? "has not started or has ended" : "waits"));
    }
    return *stream;
}

void Orchestrator::check_request(const Stream& stream, const Request& request) const {
    const ActionKind pending = stream.frames.back().pending.kind;
    const auto check = [&](bool allowed, std::string_view why) {
        if (allowed) return;
        throw OrchestratorError(test_name(stream.test) + " cannot be given fixture " +
                                std::to_string(request.fixture) + ": " + std::string(why));
    };
    check(stream.test != none, "no test is running");
    check(pending == ActionKind::set_up || pending == ActionKind::call ||
              pending == ActionKind::tear_down || pending == ActionKind::hold,
          "requests are possible only during a set-up, a call, a teardown or a hold");
    check(request.fixture >= 0 && at(request.fixture) < plan_.fixture_count(),
          "there is no such fixture");
    const bool own = request.scope_instance == own_scope;
    check(!own || stream.phase != Phase::leave, "everything of its own has been torn down");
    const auto is_around = [&](ScopeId scope) {
        return scope >= 0 && at(scope) < plan_.scope_instance_count() &&
               plan_.is_within(own ? plan_.scope_of(stream.test) : request.scope_instance, scope) &&
               plan_.is_within(plan_.scope_of(stream.test), scope) && !scopes_.is_closed(scope);
    };
    check(own || is_around(request.scope_instance),
          "its scope instance is not around the test, or has been torn down");
    if (request.loop == own_loop) check(own, "it outlives the test's own loop");
    if (request.loop >= 0) {
        check(at(request.loop) < plan_.loop_count() && is_around(plan_.loop_scope(request.loop)),
              "its loop is not around it, or has been closed");
    }
    for (const InstanceId needed : request.dependencies)
        check(instances_.is_alive(needed), "what it is built on is not alive");
    check(request.requester == none || instances_.known(request.requester),
          "there is no such requester");
}

Action Orchestrator::perform(Stream& stream, Action action) {
    streams_.set_state(stream, Stream::State::performing);
    stream.frames.back().pending = action;
    return action;
}

Action Orchestrator::wait_for_slot(Stream& stream, SlotId slot) {
    slot_waiters_[at(slot)].push_back(stream.test);
    streams_.set_state(stream, Stream::State::waiting);
    return {ActionKind::wait, stream.test};
}

Action Orchestrator::wait_for_loop(Stream& stream, LoopId loop) {
    loop_waiters_[at(loop)].push_back(stream.test);
    streams_.set_state(stream, Stream::State::waiting);
    return {ActionKind::wait, stream.test};
}

void Orchestrator::wake_all(std::vector<TestId>& waiters) {
    for (const TestId test : std::exchange(waiters, {})) {
        Stream* stream = streams_.find(test);
        if (stream != nullptr && stream->state == Stream::State::waiting) streams_.wake(*stream);
    }
}

void Orchestrator::wake_slot(SlotId slot) {
    wake_all(slot_waiters_[at(slot)]);
}

void Orchestrator::wake_lingerer(ScopeId scope) {
    const TestId test = scopes_.take_lingerer(scope);
    if (test != none) streams_.wake(*streams_.find(test));
}

void Orchestrator::settle() {
    if (stopped_ && streams_.size() == 0 && scopes_.innermost_open(session) != none) {
        Stream& closer = streams_.open(none);
        closer.phase = Phase::leave;
        streams_.wake(closer);
    }
    // Nobody performs anything and nobody can go on: those who wait wait for one another.
    if (streams_.count(Stream::State::performing) == 0 && !has_ready() &&
        streams_.count(Stream::State::waiting) > 0) {
        break_deadlock();
    }
}

/// Refuses what a stream waits for; the test fails, and being overlapped it can run again alone.
///
/// Only requests at run time can get here, so those are refused first: what the plan knows of is
/// admitted in such an order that nobody waits in a circle.
void Orchestrator::break_deadlock() {
    Stream* victim = nullptr;
    for (const TestId test : admission_.flying()) {
        Stream* stream = streams_.find(test);
        const bool requests = stream->frames.size() > 1;
        if (stream->state != Stream::State::waiting) continue;
        if (!requests && stream->phase != Phase::set_up) continue;
        const bool better = victim == nullptr || (requests && victim->frames.size() == 1) ||
                            (requests == (victim->frames.size() > 1) && test < victim->test);
        if (better) victim = stream;
    }
    if (victim == nullptr) return;
    victim->frames.back().failed = true;
    streams_.wake(*victim);
}

}  // namespace fasttest
