#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/ids.hpp"

namespace fasttest {

/// Which wide loops are open, and how many live instances run on each.
class Loops {
  public:
    explicit Loops(std::size_t count) : loops_(count) {}
    /// Makes room for loops that were added after the run began.
    void grow(std::size_t count) { loops_.resize(count); }

    bool is_open(LoopId loop) const { return at(loop).state == State::open; }
    bool is_opening(LoopId loop) const { return at(loop).state == State::opening; }
    void begin_open(LoopId loop) { at(loop).state = State::opening; }
    /// A loop that could not be opened is closed again: whoever needs it next tries anew.
    void end_open(LoopId loop, bool ok) { at(loop).state = ok ? State::open : State::closed; }
    void close(LoopId loop) { at(loop).state = State::closed; }

    // Both accept no_loop, which nobody counts.
    void add_instance(LoopId loop) { count(loop, 1); }
    void remove_instance(LoopId loop) { count(loop, -1); }
    bool is_used(LoopId loop) const { return at(loop).instances > 0; }

  private:
    enum class State : std::uint8_t { closed, opening, open };
    struct Loop {
        State state = State::closed;
        std::int32_t instances = 0;
    };

    Loop& at(LoopId loop) { return loops_[static_cast<std::size_t>(loop)]; }
    const Loop& at(LoopId loop) const { return loops_[static_cast<std::size_t>(loop)]; }
    void count(LoopId loop, std::int32_t change) {
        if (loop >= 0) at(loop).instances += change;
    }

    std::vector<Loop> loops_;
};

}  // namespace fasttest
