#include "core/admission.hpp"

#include <algorithm>

#include "core/errors.hpp"

namespace fasttest {

namespace {

std::size_t at(std::int32_t id) {
    return static_cast<std::size_t>(id);
}

}  // namespace

Admission::Admission(const Plan& plan, std::int32_t concurrency, Seed seed)
    : plan_(plan),
      concurrency_(at(concurrency)),
      order_(start_order(plan, concurrency == 1, seed)),
      rank_(plan.test_count()),
      in_queue_(plan.test_count(), true),
      queued_(plan.test_count()),
      blocked_by_(plan.test_count(), 0),
      instance_users_(plan.instance_count()),
      batch_left_(plan.batches().size()),
      batch_after_(plan.batches().size(), none),
      successor_users_(plan.instance_count()),
      free_(plan.resource_count()),
      waiting_(plan.resource_count()),
      waited_for_(plan.test_count(), none),
      place_(plan.test_count(), none),
      overlapped_(plan.test_count(), false),
      released_(plan.test_count(), false),
      holds_(plan.test_count(), false) {
    if (concurrency < 1) {
        throw OrchestratorError("a concurrency of " + std::to_string(concurrency) +
                                " lets no test run: at least 1 is needed");
    }
    if (seed) random_.emplace(*seed);
    for (std::size_t rank = 0; rank < order_.size(); ++rank)
        rank_[at(order_[rank])] = static_cast<Rank>(rank);
    for (std::size_t r = 0; r < free_.size(); ++r)
        free_[r] = plan.capacity(static_cast<ResourceId>(r));
    for (std::size_t i = 0; i < instance_users_.size(); ++i)
        instance_users_[i] = plan.users(static_cast<InstanceId>(i));
    for (std::size_t b = 0; b < batch_left_.size(); ++b) {
        const auto batch = static_cast<BatchId>(b);
        batch_left_[b] = static_cast<std::int32_t>(plan.batches()[batch].size());
        const BatchId before = plan.batch_before(batch);
        if (before == none) continue;
        batch_after_[at(before)] = batch;
        for (const TestId test : plan.batches()[batch]) ++blocked_by_[at(test)];
    }
    for (TestId test = 0; at(test) < plan.test_count(); ++test) {
        for (const InstanceId instance : plan.instances_of(test)) {
            const InstanceId before = instance == none ? none : plan.predecessor(instance);
            if (before == none) continue;
            successor_users_[at(before)].push_back(test);
            ++blocked_by_[at(test)];
        }
    }
    for (const TestId test : order_)
        if (blocked_by_[at(test)] == 0) unblock(test);
}

void Admission::unblock(TestId test) {
    if (concurrency_ > 1 && plan_.is_exclusive(test)) {
        exclusive_.push(test);
    } else {
        candidates_.push(rank_[at(test)]);
    }
}

TestId Admission::next(bool quiet) {
    if (alone_ != none || flying_.size() >= concurrency_) return none;
    const TestId alone = quiet && flying_.empty() ? first_alone() : none;
    if (alone != none && (candidates_.empty() || alone < order_[at(candidates_.top())]) &&
        !passes_over()) {
        return take_alone();
    }
    while (!candidates_.empty()) {
        const TestId test = order_[at(candidates_.top())];
        const ResourceId busy = busy_resource(test);
        candidates_.pop();
        if (busy == none) {
            take(test);
        } else {
            put_aside(test, busy);
        }
        // It was the candidate of all its resources; where units are left, the next one is.
        offer_resources_of(test);
        if (busy == none) return test;
    }
    return alone == none ? none : take_alone();
}

bool Admission::passes_over() {
    return random_ && (*random_)() % 2 == 0;
}

TestId Admission::first_alone() const {
    if (retries_.empty()) return exclusive_.empty() ? none : exclusive_.top();
    return exclusive_.empty() ? retries_.top() : std::min(exclusive_.top(), retries_.top());
}

TestId Admission::take_alone() {
    alone_ = first_alone();
    const bool again = !retries_.empty() && retries_.top() == alone_;
    (again ? retries_ : exclusive_).pop();
    return take(alone_);
}

TestId Admission::take(TestId test) {
    in_queue_[at(test)] = false;
    --queued_;
    for (const Claim& claim : plan_.claims_of(test)) free_[at(claim.resource)] -= claim.units;
    holds_[at(test)] = true;
    overlapped_[at(test)] = false;
    join(test);
    return test;
}

void Admission::join(TestId test) {
    // If two or more are in flight already, each of them has been marked when the second came.
    if (flying_.size() == 1) overlapped_[at(flying_.front())] = true;
    if (!flying_.empty()) overlapped_[at(test)] = true;
    place_[at(test)] = static_cast<std::int32_t>(flying_.size());
    flying_.push_back(test);
}

void Admission::rejoin(TestId test) {
    if (place_[at(test)] == none) join(test);
}

void Admission::land(TestId test) {
    const std::int32_t place = place_[at(test)];
    if (place == none) return;
    flying_[at(place)] = flying_.back();
    place_[at(flying_.back())] = place;
    flying_.pop_back();
    place_[at(test)] = none;
    if (alone_ == test) alone_ = none;
    if (!holds_[at(test)]) return;
    holds_[at(test)] = false;
    for (const Claim& claim : plan_.claims_of(test)) free_[at(claim.resource)] += claim.units;
    offer_resources_of(test);
}

void Admission::release(TestId test) {
    if (released_[at(test)]) return;
    released_[at(test)] = true;
    const auto met = [this](TestId waiting) {
        if (--blocked_by_[at(waiting)] == 0) unblock(waiting);
    };
    for (const InstanceId instance : plan_.instances_of(test)) {
        if (instance == none || --instance_users_[at(instance)] != 0) continue;
        std::ranges::for_each(successor_users_[at(instance)], met);
    }
    const BatchId batch = plan_.batch_of(test);
    if (--batch_left_[at(batch)] == 0 && batch_after_[at(batch)] != none)
        std::ranges::for_each(plan_.batches()[batch_after_[at(batch)]], met);
}

void Admission::retry(TestId test) {
    retries_.push(test);
    in_queue_[at(test)] = true;
    ++queued_;
}

ResourceId Admission::busy_resource(TestId test) const {
    for (const Claim& claim : plan_.claims_of(test)) {
        const Queue& waiting = waiting_[at(claim.resource)];
        const bool passes = !waiting.empty() && waiting.top() < rank_[at(test)];
        if (passes || !has_left(claim)) return claim.resource;
    }
    return none;
}

bool Admission::has_left(const Claim& claim) const {
    return free_[at(claim.resource)] >= claim.units;
}

void Admission::put_aside(TestId test, ResourceId resource) {
    waiting_[at(resource)].push(rank_[at(test)]);
    waited_for_[at(test)] = resource;
}

void Admission::offer(ResourceId resource) {
    Queue& waiting = waiting_[at(resource)];
    if (waiting.empty()) return;
    const auto claims = plan_.claims_of(order_[at(waiting.top())]);
    if (!has_left(*std::ranges::find(claims, resource, &Claim::resource))) return;
    candidates_.push(waiting.top());
    waiting.pop();
}

void Admission::offer_resources_of(TestId test) {
    for (const Claim& claim : plan_.claims_of(test)) offer(claim.resource);
}

std::vector<TestId> Admission::stop() {
    std::vector<TestId> dropped;
    for (TestId test = 0; at(test) < in_queue_.size(); ++test)
        if (in_queue_[at(test)]) dropped.push_back(test);
    in_queue_.assign(in_queue_.size(), false);
    queued_ = 0;
    candidates_ = {};
    exclusive_ = {};
    retries_ = {};
    waiting_.assign(waiting_.size(), {});
    blocked_by_.assign(blocked_by_.size(), none);  // below zero: nobody can be unblocked again
    return dropped;
}

}  // namespace fasttest
