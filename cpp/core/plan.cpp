#include "core/plan.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/errors.hpp"

namespace fasttest {

namespace {

std::size_t at(std::int32_t id) {
    return static_cast<std::size_t>(id);
}

/// What is alive while the tests are walked in collection order, as pytest would have it.
class Timeline {
  public:
    explicit Timeline(std::size_t slots) : current_(slots, none) {}

    InstanceId current(SlotId slot) const { return current_[at(slot)]; }
    bool serves(InstanceId instance, std::int32_t key) const {
        return instance != none && alive_[at(instance)] && key_[at(instance)] == key;
    }
    InstanceId replace(SlotId slot, std::int32_t key, std::span<const InstanceId> needs) {
        if (current_[at(slot)] != none) end(current_[at(slot)]);
        const auto made = static_cast<InstanceId>(key_.size());
        current_[at(slot)] = made;
        key_.push_back(key);
        alive_.push_back(true);
        first_dependent_.push_back(none);
        for (const InstanceId needed : needs) {
            edges_.push_back({made, first_dependent_[at(needed)]});
            first_dependent_[at(needed)] = static_cast<std::int32_t>(edges_.size() - 1);
        }
        return made;
    }

  private:
    struct Edge {
        InstanceId dependent;
        std::int32_t next;  // the next edge from the same instance, or none
    };

    // Nothing outlives what it was built on. Each instance ends once, so all calls together are
    // linear in the edges.
    void end(InstanceId first) {
        std::vector<InstanceId> ending{first};
        while (!ending.empty()) {
            const InstanceId instance = ending.back();
            ending.pop_back();
            if (!alive_[at(instance)]) continue;
            alive_[at(instance)] = false;
            for (std::int32_t e = first_dependent_[at(instance)]; e != none; e = edges_[at(e)].next)
                ending.push_back(edges_[at(e)].dependent);
        }
    }

    std::vector<InstanceId> current_;  // per slot: the youngest instance, alive or not
    std::vector<std::int32_t> key_;
    std::vector<bool> alive_;
    std::vector<std::int32_t> first_dependent_;
    std::vector<Edge> edges_;
};

}  // namespace

void Plan::prepare(std::size_t max_batch_size) {
    if (prepared_) throw PlanError("a plan is prepared once");
    prepared_ = true;
    freeze();
    plan_instances();
    plan_batches(max_batch_size);
    plan_order();
}

void Plan::plan_instances() {
    Timeline timeline(slot_count());
    std::vector<InstanceId> row;
    std::vector<InstanceId> needs;
    for (TestId test = 0; at(test) < test_count(); ++test) {
        const ClosureId closure = closure_of(test);
        const std::span<const Entry> needed = entries(closure);
        row.assign(needed.size(), none);
        for (std::size_t e = 0; e < needed.size(); ++e) {
            const SlotId slot = needed[e].slot;
            if (slot == none) continue;
            const std::int32_t key = param_key(test, e);
            row[e] = timeline.current(slot);
            if (!timeline.serves(row[e], key)) {
                needs.clear();
                for (const std::int32_t d : dependencies(closure, e)) needs.push_back(row[at(d)]);
                predecessor_.push_back(row[e]);
                row[e] = timeline.replace(slot, key, needs);
                users_.push_back(0);
            }
            ++users_[at(row[e])];
        }
        instances_.push_back(row);
    }
    instances_.shrink_to_fit();
}

void Plan::plan_batches(std::size_t max_batch_size) {
    std::vector<BatchId> open(loop_count(), none);  // per loop: the batch that still takes tests
    std::vector<std::size_t> sizes;
    for (TestId test = 0; at(test) < test_count(); ++test) {
        const LoopId loop = loop_of(test);
        BatchId batch = loop >= 0 ? open[at(loop)] : none;
        const bool full =
            batch != none && max_batch_size != 0 && sizes[at(batch)] >= max_batch_size;
        if (batch == none || full) {
            batch_before_.push_back(batch);
            batch = static_cast<BatchId>(sizes.size());
            sizes.push_back(0);
            if (loop >= 0) open[at(loop)] = batch;
        }
        ++sizes[at(batch)];
        batch_of_.push_back(batch);
    }
    std::vector<TestId> by_batch(test_count());
    std::iota(by_batch.begin(), by_batch.end(), 0);
    std::ranges::stable_sort(by_batch, {}, [this](TestId test) { return batch_of_[at(test)]; });
    std::span<const TestId> rest(by_batch);
    for (const std::size_t size : sizes) {
        batches_.push_back(rest.first(size));
        rest = rest.subspan(size);
    }
}

void Plan::plan_order() {
    order_.resize(test_count());
    std::iota(order_.begin(), order_.end(), 0);
    const auto weight = [this](TestId test) {
        const double wait = expected_wait(test);
        return wait >= long_wait ? -wait : 0.0;
    };
    std::ranges::stable_sort(order_, {}, weight);
    order_ = makers_first(std::move(order_));
}

/// Calls `visit` with a number for each wide instance and each wide loop that the test uses.
template <typename Visit>
void Plan::visit_shared(TestId test, Visit visit) const {
    const auto visit_loop = [&](LoopId loop) {
        if (loop >= 0) visit(instance_count() + at(loop));
    };
    for (const InstanceId instance : instances_of(test))
        if (instance != none) visit(at(instance));
    for (const Entry& entry : entries(closure_of(test))) visit_loop(entry.loop);
    visit_loop(loop_of(test));
}

std::vector<TestId> Plan::makers_first(std::vector<TestId> tests) const {
    if (std::ranges::is_sorted(tests)) return tests;
    std::vector<TestId> maker(instance_count() + loop_count(), none);
    for (TestId test = 0; at(test) < test_count(); ++test) {
        visit_shared(test, [&](std::size_t shared) {
            if (maker[shared] == none) maker[shared] = test;
        });
    }
    std::vector<TestId> ordered;
    std::vector<bool> placed(test_count(), false);
    std::vector<TestId> pending;
    for (const TestId next : tests) {
        pending.push_back(next);
        while (!pending.empty()) {
            // Makers come before those they make for in collection order: there is no circle.
            const TestId test = pending.back();
            const std::size_t before = pending.size();
            visit_shared(test, [&](std::size_t shared) {
                const TestId made_by = maker[shared];
                if (made_by != test && !placed[at(made_by)]) pending.push_back(made_by);
            });
            if (pending.size() != before) continue;
            pending.pop_back();
            if (!placed[at(test)]) ordered.push_back(test);
            placed[at(test)] = true;
        }
    }
    return ordered;
}

BatchId Plan::batch_of(TestId test) const {
    check_id("test in a prepared plan", test, batch_of_.size());
    return batch_of_[at(test)];
}

InstanceId Plan::instance_of(TestId test, std::size_t entry) const {
    check_id("test in a prepared plan", test, instances_.size());
    check_id("entry", static_cast<std::int64_t>(entry), instances_[test].size());
    return instances_[test][entry];
}

std::size_t Plan::memory_bytes() const {
    return table_bytes() + instances_.memory_bytes() + batches_.memory_bytes() +
           (predecessor_.capacity() + users_.capacity() + batch_of_.capacity() +
            batch_before_.capacity() + order_.capacity()) *
               sizeof(std::int32_t);
}

}  // namespace fasttest
