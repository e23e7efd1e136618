#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace fasttest {

/// Finds a minimal set of elements which together make something fail, by asking about subsets.
///
/// The algorithm `ddmin` of A. Zeller and R. Hildebrandt, "Simplifying and Isolating Failure-
/// Inducing Input", IEEE Transactions on Software Engineering 28(2), 2002. All elements together
/// are known to fail, and none of them not to. The answer is 1-minimal: without any one of its
/// elements it does not fail. For one culprit among n it takes at most 2 log2 n questions.
class DeltaDebugging {
  public:
    /// Of the elements 0 … size - 1; throws PlanError if there is none.
    explicit DeltaDebugging(std::int32_t size);

    bool is_done() const { return set_.size() == 1 || asked_.empty(); }
    /// The subset to be tried next, in ascending order; empty once it is done.
    const std::vector<std::int32_t>& next() const { return asked_; }
    /// How `next()` turned out; throws OrchestratorError once it is done.
    void tell(bool fails);
    /// What is left: once it is done, the minimal set. In ascending order.
    const std::vector<std::int32_t>& set() const { return set_; }

  private:
    void reduce(std::vector<std::int32_t> set, std::size_t parts);
    void ask();
    std::vector<std::int32_t> part(std::size_t index, bool complement) const;

    std::vector<std::int32_t> set_;
    std::size_t parts_ = 2;
    std::size_t question_ = 0;  // the parts one by one, then what is left without each of them
    std::vector<std::int32_t> asked_;
};

}  // namespace fasttest
