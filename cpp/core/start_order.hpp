#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/plan.hpp"

namespace fasttest {

/// Where all that is random in a run comes from; without one nothing is.
using Seed = std::optional<std::uint64_t>;

/// All tests in the order in which they are to be admitted, as far as nothing holds them up.
///
/// Without a seed it is the plan's, or collection order where tests run one by one (`serial`).
/// With a seed it is drawn from what the plan might have been: any tests that may wait, those on a
/// loop or known to wait, are moved up in any order, as if they were known to wait long; all others
/// keep their order, but whoever makes what several share goes first. Where tests run one by one
/// there is but the order to be drawn: every scope instance has its parts shuffled, and is finished
/// before the next one is begun.
std::vector<TestId> start_order(const Plan& plan, bool serial, Seed seed);

}  // namespace fasttest
