#include "core/admission.hpp"

#include <algorithm>
#include <limits>

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
      again_(plan.test_count(), false),
      holds_(plan.test_count(), false) {
    if (concurrency < 1) {
        throw OrchestratorError("a concurrency of " + std::to_string(concurrency) +
                                " lets no test run: at least 1 is needed");
    }
    if (seed) random_.emplace(*seed);
    for (std::size_t rank = 0; rank < order_.size(); ++rank)
        rank_[at(order_[rank])] = static_cast<Rank>(rank);
    for (ResourceId r = 0; at(r) < free_.size(); ++r) {
        const bool heeded = concurrency > 1 || !plan.is_rate(r);
        free_[at(r)] = heeded ? plan.capacity(r) : std::numeric_limits<std::int32_t>::max();
    }
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
        if (blocked_by_[at(test)] == 0) queue(test);
}

void Admission::queue(TestId test) {
    if (starts_alone(test)) {
        (again_[at(test)] ? retries_ : exclusive_).push(test);
    } else {
        candidates_.push(rank_[at(test)]);
    }
}

bool Admission::starts_alone(TestId test) const {
    return again_[at(test)] || (concurrency_ > 1 && plan_.is_exclusive(test));
}

TestId Admission::next(bool quiet) {
    if (alone_ != none || flying_.size() >= concurrency_) return none;
    const bool lonely = quiet && flying_.empty();
    const TestId alone = lonely ? first_alone() : none;
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
    // Meanwhile one may have been offered what it waited for.
    return lonely && first_alone() != none ? take_alone() : none;
}

bool Admission::passes_over() {
    return random_ && (*random_)() % 2 == 0;
}

Admission::Queue& Admission::first_alone_queue() {
    const bool again =
        !retries_.empty() && (exclusive_.empty() || retries_.top() < exclusive_.top());
    return again ? retries_ : exclusive_;
}

/// With nothing in flight only rates can be busy. Until something is offered again, the test is the
/// first of the first queue.
TestId Admission::first_alone() {
    while (!first_alone_queue().empty()) {
        Queue& first = first_alone_queue();
        const TestId test = first.top();
        const ResourceId busy = busy_rate(test);
        if (busy == none) return test;
        first.pop();
        put_aside(test, busy);
    }
    return none;
}

TestId Admission::take_alone() {
    Queue& first = first_alone_queue();
    alone_ = first.top();
    first.pop();
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
    for (const Claim& claim : plan_.claims_of(test))
        if (!plan_.is_rate(claim.resource)) free_[at(claim.resource)] += claim.units;
    offer_resources_of(test);
}

void Admission::give_back(ResourceId rate) {
    if (!plan_.is_rate(rate) || free_[at(rate)] >= plan_.capacity(rate)) {
        throw OrchestratorError("there is nothing to give back of resource '" +
                                plan_.resource_name(rate) +
                                "': that is for the starts that tests have taken of a rate");
    }
    ++free_[at(rate)];
    offer(rate);
}

void Admission::release(TestId test) {
    if (released_[at(test)]) return;
    released_[at(test)] = true;
    const auto met = [this](TestId waiting) {
        if (--blocked_by_[at(waiting)] == 0) queue(waiting);
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
    again_[at(test)] = true;
    queue(test);
    in_queue_[at(test)] = true;
    ++queued_;
}

ResourceId Admission::busy_resource(TestId test) const {
    for (const Claim& claim : plan_.claims_of(test))
        if (is_busy(claim, test)) return claim.resource;
    return none;
}

ResourceId Admission::busy_rate(TestId test) const {
    for (const Claim& claim : plan_.claims_of(test))
        if (plan_.is_rate(claim.resource) && is_busy(claim, test)) return claim.resource;
    return none;
}

bool Admission::is_busy(const Claim& claim, TestId test) const {
    const Queue& waiting = waiting_[at(claim.resource)];
    const bool passes = !waiting.empty() && waiting.top() < rank_[at(test)];
    return passes || !has_left(claim);
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
    bool offered = false;
    while (!offered && !waiting.empty()) {
        const TestId test = order_[at(waiting.top())];
        const auto claims = plan_.claims_of(test);
        if (!has_left(*std::ranges::find(claims, resource, &Claim::resource))) return;
        waiting.pop();
        queue(test);
        offered = !starts_alone(test);
    }
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
