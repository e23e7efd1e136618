#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "core/action.hpp"
#include "core/plan.hpp"

namespace fasttest {

/// One thing a stream is busy with: the test itself, or a fixture requested at run time.
struct Frame {
    enum class Kind : std::uint8_t { test, own_request, wide_request };

    Kind kind = Kind::test;
    // What the executor has been told to do and has not reported yet, if any.
    Action pending{ActionKind::nothing};
    // The instance this frame is tearing down to make room in its slot, or none.
    InstanceId replacing = none;
    // A teardown to make room failed: as in pytest, whoever made room goes without.
    bool replacing_failed = false;
    // The frame can have no value: a set-up or a loop failed, or waiting would never end.
    bool failed = false;
    // The test's own fixture that was requested is there.
    bool ready = false;

    // Only in requests:
    SlotId slot = none;
    std::int32_t number = none;  // of the test's own fixture
    std::int32_t param_key = none;
    LoopId loop = no_loop;
    InstanceId requester = none;
    // A failed instance is to be replaced; false once that has been done.
    bool renew = false;
    std::vector<InstanceId> dependencies;
};

enum class Phase : std::uint8_t { set_up, call, tear_down, decide, leave };

/// The life of one admitted test: which actions it has had and what comes next.
///
/// The stream of no test (`none`) closes what is left open when nobody else can.
struct Stream {
    enum class State : std::uint8_t { performing, waiting, lingering, ready };

    TestId test = none;
    State state = State::performing;
    Phase phase = Phase::set_up;
    std::size_t entry = 0;  // the next entry of the closure to be set up
    bool retrying = false;
    bool own_loop_open = false;
    // The scope instance to be left next; none after the last.
    ScopeId scope = none;
    // The scope instance before which the stream halts; none if it does not.
    ScopeId held = none;
    // Per entry of the closure: the instance that serves this test, as far as known.
    std::vector<InstanceId> instances;
    std::vector<InstanceId> uses;
    // What the test owns in the order of its set-up: numbers of fixtures, or own_loop.
    std::vector<std::int32_t> stack;
    std::int32_t next_number = 0;
    // The frame at the back is at work; those below it have requested it.
    std::vector<Frame> frames{Frame{}};
};

/// All streams that have begun and not ended, and those among them that can go on.
class Streams {
  public:
    explicit Streams(std::size_t tests) : by_test_(tests + 1) {}

    Stream& open(TestId test);
    void close(TestId test);
    /// The test's stream, or nullptr.
    Stream* find(TestId test) const;

    void set_state(Stream& stream, Stream::State state);
    std::size_t count(Stream::State state) const { return counts_[index(state)]; }
    std::size_t size() const { return size_; }

    /// Queues a stream that waited or lingered; it goes on in the order of the calls.
    void wake(Stream& stream);
    /// The next of the queued ones, or nullptr.
    Stream* next_ready();

  private:
    static std::size_t index(Stream::State state) { return static_cast<std::size_t>(state); }
    // none wraps round to the first row.
    static std::size_t row(TestId test) { return static_cast<std::size_t>(test) + 1; }

    std::vector<std::unique_ptr<Stream>> by_test_;
    std::array<std::size_t, 4> counts_{};
    std::size_t size_ = 0;
    std::deque<TestId> ready_;
};

}  // namespace fasttest
