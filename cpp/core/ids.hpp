#pragma once

#include <cstdint>

namespace fasttest {

// Every table of the core is a dense vector; these are the row numbers, given out from 0 upwards.
using ScopeId = std::int32_t;     // a scope instance: one life of a session, package, module, class
using FixtureId = std::int32_t;   // a fixture definition
using LoopId = std::int32_t;      // a wide event loop, one that outlives a test
using ClosureId = std::int32_t;   // what a set of tests needs, in set-up order
using TestId = std::int32_t;      // tests are numbered in collection order
using ResourceId = std::int32_t;  // a named resource with a capacity
using SlotId = std::int32_t;      // a wide fixture in one scope instance
using InstanceId = std::int32_t;  // one creation of a wide fixture
using BatchId = std::int32_t;     // tests that share a loop
using NodeId = std::int32_t;      // a node of a suite that comes with names

inline constexpr std::int32_t none = -1;

/// The session: the root of the scope instances, always there.
inline constexpr ScopeId session = 0;
/// Takes the place of a scope instance for what lives as long as one test.
inline constexpr ScopeId own_scope = -1;

/// A test or fixture that runs on no loop.
inline constexpr LoopId no_loop = -1;
/// The loop that a test opens and closes itself.
inline constexpr LoopId own_loop = -2;

}  // namespace fasttest
