#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/suite.hpp"

namespace fasttest {

/// A suite and what follows from it before anything runs: instances, batches, admission order.
///
/// Fill it as a Suite, call prepare() once, then only read.
class Plan : public Suite {
  public:
    /// Tests that are known to wait at least this many seconds are moved up.
    static constexpr double long_wait = 0.1;

    /// Computes everything below; `max_batch_size` 0 means unlimited.
    void prepare(std::size_t max_batch_size = 0);
    bool is_prepared() const { return prepared_; }

    /// Tests that share a loop, in collection order; batches are disjoint and complete.
    ///
    /// A test without a loop or with a loop of its own is a batch of one.
    const Rows<TestId>& batches() const { return batches_; }
    std::size_t batch_count() const { return batches_.size(); }
    BatchId batch_of(TestId test) const;
    /// The batch on the same loop that comes first, or none.
    BatchId batch_before(BatchId batch) const {
        return batch_before_[static_cast<std::size_t>(batch)];
    }

    /// All tests: long waiters first, the longest one ahead, then the rest in collection order;
    /// but whoever makes what several share goes before them.
    std::span<const TestId> order() const { return order_; }
    /// The same tests, moved so that each wide instance is set up, and each wide loop opened, by
    /// the first of its users in collection order: errors, output and warnings are then the same
    /// test's as where nothing is moved up. `tests` are all tests in any order.
    std::vector<TestId> makers_first(std::vector<TestId> tests) const;

    /// The planned instance per entry of the test's closure, none for what the test owns.
    ///
    /// As in pytest, an instance serves a run of consecutive users: for users with the
    /// parameters a, b, a there are three. The orchestrator may have to create others.
    std::span<const InstanceId> instances_of(TestId test) const { return instances_[test]; }
    InstanceId instance_of(TestId test, std::size_t entry) const;
    std::size_t instance_count() const { return users_.size(); }
    /// The instance that holds the same slot before this one, or none.
    InstanceId predecessor(InstanceId instance) const {
        return predecessor_[static_cast<std::size_t>(instance)];
    }
    /// Number of tests that use the instance.
    std::int32_t users(InstanceId instance) const {
        return users_[static_cast<std::size_t>(instance)];
    }

    /// Of all tables, names excepted.
    std::size_t memory_bytes() const;

  private:
    void plan_instances();
    void plan_batches(std::size_t max_batch_size);
    void plan_order();
    template <typename Visit>
    void visit_shared(TestId test, Visit visit) const;

    bool prepared_ = false;
    Rows<InstanceId> instances_;
    std::vector<InstanceId> predecessor_;
    std::vector<std::int32_t> users_;
    Rows<TestId> batches_;
    std::vector<BatchId> batch_of_;
    std::vector<BatchId> batch_before_;
    std::vector<TestId> order_;
};

}  // namespace fasttest
