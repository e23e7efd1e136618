#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <random>
#include <vector>

#include "core/plan.hpp"
#include "core/start_order.hpp"

namespace fasttest {

/// Decides which test starts next, and counts those in flight.
///
/// A test may start when its batch's turn has come, when those who use an earlier instance in one
/// of its slots have released it, when its resources are free and when the cap allows. The first
/// two never become untrue again, so each test counts what it still waits for; a test that waits
/// for a resource is put aside with that resource. No call looks at the whole queue.
///
/// Nobody takes a resource while one who comes before it in order waits for it there: readers do
/// not keep a writer waiting for longer than those in flight run. Who needs several resources waits
/// for one at a time, and meanwhile holds up nobody at the others.
///
/// A rate is a resource whose units come back by give_back() alone. So they may be missing with
/// nothing in flight: tests that run alone wait for them as all others do, and whoever admits asks
/// again when one has come back. With a concurrency of 1 rates are not heeded: who waits for one
/// would let others pass.
class Admission {
  public:
    /// With a concurrency of 1 tests run in collection order and nothing needs to be exclusive.
    /// With a seed the order is drawn (see start_order), and a test that is to run alone may be
    /// passed over for a while, as if something were in flight.
    Admission(const Plan& plan, std::int32_t concurrency, Seed seed = std::nullopt);

    /// The next test, now in flight, or none. Exclusive ones and retries start only when `quiet`:
    /// nothing in flight and nobody about to go on. An exclusive one then goes before those that
    /// come after it in collection order, so that a suite in which nothing waits keeps its order.
    /// So does a retry, so that a failure that is to end the run is confirmed before tests are run
    /// that would not have been run any more.
    TestId next(bool quiet);
    /// The test is done with its wide instances and its batch.
    void release(TestId test);
    /// Puts a test that lingered back in flight, whatever the cap: it closes what it kept open.
    void rejoin(TestId test);
    /// The test leaves the flight and gives its resources back.
    void land(TestId test);
    /// A unit of a rate that a test has taken is there again.
    void give_back(ResourceId rate);
    /// Queues a test that has landed to be run again alone.
    void retry(TestId test);
    /// Empties the queues; returns the tests that were in them in collection order.
    std::vector<TestId> stop();

    /// Whether the test never has company: it is exclusive, or there is none for anybody.
    bool runs_alone(TestId test) const { return concurrency_ == 1 || plan_.is_exclusive(test); }
    std::size_t in_flight() const { return flying_.size(); }
    const std::vector<TestId>& flying() const { return flying_; }
    std::size_t queued() const { return queued_; }
    /// The resource the test was last put aside with, or none if it never was.
    ResourceId waited_for(TestId test) const { return waited_for_[static_cast<std::size_t>(test)]; }
    /// Whether another test was in flight at any moment since this one was last admitted.
    bool overlapped(TestId test) const { return overlapped_[static_cast<std::size_t>(test)]; }

  private:
    // Ranks are positions in the order of admission. In a queue the least number goes first.
    using Rank = std::int32_t;
    using Queue = std::priority_queue<std::int32_t, std::vector<std::int32_t>, std::greater<>>;

    void queue(TestId test);
    bool starts_alone(TestId test) const;
    ResourceId busy_resource(TestId test) const;
    ResourceId busy_rate(TestId test) const;
    bool is_busy(const Claim& claim, TestId test) const;
    bool has_left(const Claim& claim) const;
    void put_aside(TestId test, ResourceId resource);
    void offer(ResourceId resource);
    void offer_resources_of(TestId test);
    TestId take(TestId test);
    Queue& first_alone_queue();
    TestId first_alone();
    bool passes_over();
    TestId take_alone();
    void join(TestId test);

    const Plan& plan_;
    std::size_t concurrency_;
    std::optional<std::mt19937_64> random_;
    std::vector<TestId> order_;  // per rank
    std::vector<Rank> rank_;     // per test
    std::vector<bool> in_queue_;
    std::size_t queued_;

    // Number of conditions not yet met: the batch's turn, and one for each predecessor instance in
    // use. Zero means that only resources can hold the test up. Never grows after construction.
    std::vector<std::int32_t> blocked_by_;
    std::vector<std::int32_t> instance_users_;  // those that have not released it yet
    std::vector<std::int32_t> batch_left_;
    std::vector<BatchId> batch_after_;
    std::vector<InstanceId> successor_;
    std::vector<std::vector<TestId>> successor_users_;  // per instance: who waits for its release

    Queue candidates_;  // of ranks
    Queue exclusive_;   // of tests
    Queue retries_;     // of tests
    // Per resource the units nobody holds. While they are enough for the first of those who wait, a
    // candidate that claims the resource is queued, and not only one that starts alone: that may
    // not be for a long time.
    std::vector<std::int32_t> free_;
    std::vector<Queue> waiting_;  // of ranks
    std::vector<ResourceId> waited_for_;

    std::vector<TestId> flying_;
    std::vector<std::int32_t> place_;  // per test: position in flying_, or none
    std::vector<bool> overlapped_;
    std::vector<bool> released_;
    std::vector<bool> again_;  // the test has run, and is to run again
    std::vector<bool> holds_;  // the test holds its resources
    TestId alone_ = none;      // the exclusive test in flight
};

}  // namespace fasttest
