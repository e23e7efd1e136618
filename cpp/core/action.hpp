#pragma once

#include <cstdint>

#include "core/ids.hpp"

namespace fasttest {

enum class ActionKind : std::uint8_t {
    open_loop,
    set_up,
    call,
    tear_down,
    close_loop,
    wait,           // nothing now; the stream goes on through get_ready()
    finished,       // the test has ended
    resume,         // the requested fixture is there
    set_up_failed,  // what is needed has failed before, or (instance none) cannot be had
    nothing,        // no test may start now
    decide,         // keep the outcome, or run the test once more, alone?
    start,          // the test begins; not ok: it needs nothing and goes on to its teardown
    hold,           // torn down up to the scope instance where it was to halt; done() goes on
};

/// What the executor has to do next for a test.
///
/// `instance` is the loop (own_loop for the test's own) in open_loop and close_loop. A fixture of
/// the test's own has no instance but a number: its entry in the test's closure, or what follows
/// those for fixtures requested at run time. For a wide fixture `entry` is its position in this
/// test's closure, none if it is not in it.
struct Action {
    ActionKind kind;
    TestId test = none;
    std::int32_t entry = none;
    std::int32_t instance = none;

    bool operator==(const Action&) const = default;
};

}  // namespace fasttest
