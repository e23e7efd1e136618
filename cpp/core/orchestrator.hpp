#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/action.hpp"
#include "core/admission.hpp"
#include "core/instances.hpp"
#include "core/loops.hpp"
#include "core/plan.hpp"
#include "core/scopes.hpp"
#include "core/streams.hpp"

namespace fasttest {

/// A fixture that a running test asks for by name (`getfixturevalue`).
struct Request {
    FixtureId fixture;
    ScopeId scope_instance;  // own_scope: the test's own
    std::int32_t param_key;
    LoopId loop;
    std::vector<InstanceId> dependencies;  // live wide instances it is built on
    InstanceId requester;  // the wide instance that asks and so depends on it, or none
    bool renew = false;    // an instance whose set-up failed is replaced
};

/// The state machine of a run: hands out actions and is told how each ended.
///
/// Every admitted test has a stream of actions, one at a time: the caller performs the action and
/// answers with done(), which returns the next one. Streams that got `wait` go on through
/// get_ready(); look at has_ready() after every other call. No clock, and nothing random but by a
/// seed: the same plan, seed and calls give the same actions. Misuse throws OrchestratorError.
class Orchestrator {
  public:
    /// `concurrency` is the greatest number of tests in flight; `plan` must outlive the object.
    /// A `seed` draws the order of admission.
    Orchestrator(const Plan& plan, std::int32_t concurrency, Seed seed = std::nullopt);

    /// Starts the next test: returns its `start`, or `nothing` if none may start now.
    ///
    /// A `start` that is answered with not ok sets nothing up: the test goes on to its teardown.
    /// To be called when every test in flight waits. If some are about to go on (not `idle`), it
    /// starts none that has to be alone.
    Action admit(bool idle = true);
    /// Reports the end of the test's pending action and returns what comes next in its stream.
    ///
    /// For `decide`, `ok` keeps the outcome; otherwise the stream ends here and the test comes
    /// back through admit() once more, alone, as soon as nothing is in flight.
    Action done(TestId test, bool ok);
    /// Asks for a fixture while the test's set_up, call or tear_down is being performed.
    ///
    /// Actions follow as from done(), up to `resume` or `set_up_failed`, which have no done():
    /// the action that was pending before is pending again.
    Action request(TestId test, const Request& request);
    /// Ends the waiting of a request whose answer was `wait`: it fails, and the test, being
    /// overlapped, can run again alone. For callers who cannot wait where they are.
    Action refuse(TestId test);
    /// Has the test halt with a `hold` before it leaves `scope` (none: nowhere).
    ///
    /// To be called before its teardown, or while it halts, to have it halt again further out.
    /// Whoever halts still keeps its scope instances from being closed and may request fixtures.
    void hold(TestId test, ScopeId scope);
    /// A start that a test has taken of a rate is there again: another may take it.
    ///
    /// To be called once for each start of a test that claims the rate, when the caller's clock
    /// says so, whether that test has ended or not; it may be called after stop(). Those who wait
    /// for a rate do not start before, even with nothing in flight. With a concurrency of 1 rates
    /// are not heeded, and nothing is to be given back.
    void give_back(ResourceId rate) { admission_.give_back(rate); }
    /// The next actions of those that waited, in the order in which they could go on.
    std::vector<Action> get_ready();
    bool has_ready() const { return streams_.count(Stream::State::ready) > 0; }

    /// Admits nothing any more; what runs goes on to its end and everything is torn down.
    void stop();
    /// The tests that stop() kept from running, in collection order; among them those that ran
    /// once and waited for their second run.
    std::span<const TestId> dropped() const { return dropped_; }

    /// Anything left to do: tests to start, to go on with, or scope instances to close.
    bool is_active() const { return admission_.queued() > 0 || streams_.size() > 0; }
    /// Tests that have started and not ended, without those that only wait to close a scope.
    std::size_t in_flight() const { return admission_.in_flight(); }
    /// Tests whose last answer was `wait`.
    std::size_t waiting() const;
    /// Whether another test was in flight at any moment since this one was last admitted.
    bool overlapped(TestId test) const;
    /// The resource the test had to wait for last before it started, or none.
    ResourceId waited_for(TestId test) const;
    /// The instance that serves the test for a wide entry of its closure, none if not yet known.
    ///
    /// It differs from the plan's where an instance was requested before anybody planned it, or
    /// had to be created again. Only for tests whose stream has not ended.
    InstanceId instance_of(TestId test, std::size_t entry) const;

  private:
    struct Wanted {
        SlotId slot;
        std::int32_t param_key;
        LoopId loop;
        std::span<const InstanceId> dependencies;
        InstanceId planned;
        std::int32_t entry;
        bool renew = false;
    };

    // orchestrator.cpp: streams begin, wait and go on.
    Stream& performing(TestId test);
    void check_test(TestId test) const;
    void check_request(const Stream& stream, const Request& request) const;
    Action perform(Stream& stream, Action action);
    Action wait_for_slot(Stream& stream, SlotId slot);
    Action wait_for_loop(Stream& stream, LoopId loop);
    void wake_all(std::vector<TestId>& waiters);
    void wake_slot(SlotId slot);
    void wake_lingerer(ScopeId scope);
    void settle();
    void break_deadlock();

    // orchestrator_steps.cpp: what a stream does next.
    Action advance(Stream& stream);
    Action next_of_test(Stream& stream);
    Action next_of_request(Stream& stream);
    std::optional<Action> set_up_next(Stream& stream);
    std::optional<Action> set_up_own(Stream& stream, const Suite::Entry& entry);
    std::optional<Action> set_up_wide(Stream& stream, const Suite::Entry& entry);
    std::optional<Action> obtain(Stream& stream, const Wanted& wanted);
    std::optional<Action> open_loop(Stream& stream, LoopId loop);
    Action tear_down_own(Stream& stream);
    Action tear_down_wide(Stream& stream, InstanceId instance);
    bool serves(const Stream& stream, InstanceId instance, const Wanted& wanted) const;
    void use(Stream& stream, InstanceId instance);
    Action resume(Stream& stream, ActionKind kind, std::int32_t number, InstanceId instance);

    // orchestrator_effects.cpp: what a reported action changes.
    void apply(Stream& stream, const Action& action, bool ok);
    void opened(Stream& stream, LoopId loop, bool ok);
    void set_up(Stream& stream, const Action& action, bool ok);
    void torn_down(Stream& stream, const Action& action);
    void closed(Stream& stream, LoopId loop);
    void fail(Stream& stream);

    // orchestrator_leave.cpp: how a test ends.
    Action leave(Stream& stream);
    Action linger(Stream& stream);
    std::optional<Action> close(Stream& stream, ScopeId scope);
    Scopes::Open next_to_close(ScopeId scope) const;
    Action finish(Stream& stream);
    Action send_back(Stream& stream);
    void release(Stream& stream);
    void drop_uses(Stream& stream);

    const Plan& plan_;
    Admission admission_;
    Instances instances_;
    Loops loops_;
    Scopes scopes_;
    Streams streams_;
    // Who waits for a change in a slot or of a loop. An entry may be out of date: being woken for
    // nothing only makes a stream look again.
    std::vector<std::vector<TestId>> slot_waiters_;
    std::vector<std::vector<TestId>> loop_waiters_;
    std::vector<bool> retried_;
    std::vector<TestId> dropped_;
    bool stopped_ = false;
};

}  // namespace fasttest
