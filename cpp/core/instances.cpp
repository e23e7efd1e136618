#include "core/instances.hpp"

#include <algorithm>

namespace fasttest {

Instances::Instances(const Plan& plan)
    : plan_(plan), instances_(plan.instance_count()), slots_(plan.slot_count()) {
    for (ClosureId closure = 0; index(closure) < plan.closure_count(); ++closure) {
        for (const Suite::Entry& entry : plan.entries(closure)) {
            if (entry.slot == none) continue;
            slots_[index(entry.slot)].fixture = entry.fixture;
            slots_[index(entry.slot)].scope_instance = entry.scope_instance;
        }
    }
}

SlotId Instances::slot_of(FixtureId fixture, ScopeId scope_instance) {
    const SlotId planned = plan_.slot_of(fixture, scope_instance);
    if (planned != none) return planned;
    const auto found = std::find_if(
        slots_.begin() + static_cast<std::ptrdiff_t>(plan_.slot_count()), slots_.end(),
        [&](const Slot& s) { return s.fixture == fixture && s.scope_instance == scope_instance; });
    if (found != slots_.end()) return static_cast<SlotId>(found - slots_.begin());
    slots_.push_back({fixture, scope_instance, none, none});
    return static_cast<SlotId>(slots_.size() - 1);
}

InstanceId Instances::begin_set_up(const Order& order) {
    InstanceId id = order.planned;
    if (id == none || at(id).state != State::unborn) {
        id = static_cast<InstanceId>(instances_.size());
        instances_.emplace_back();
    }
    Instance& made = at(id);
    made.slot = order.slot;
    made.param_key = order.param_key;
    made.loop = order.loop;
    made.maker = order.stream;
    made.made_in_retry = order.in_retry;
    made.state = State::setting_up;
    Slot& slot = slots_[index(order.slot)];
    slot.live = id;
    slot.busy = order.stream;
    for (const InstanceId needed : order.dependencies) {
        depend(id, needed);
        // What is built on something that is about to go, goes with it.
        if (at(needed).doomed_by != none) made.doomed_by = at(needed).doomed_by;
    }
    return id;
}

void Instances::end_set_up(InstanceId id, bool ok) {
    Instance& made = at(id);
    made.state = State::ready;
    made.failed = !ok;
    made.age = set_ups_++;
    slots_[index(made.slot)].busy = none;
}

void Instances::begin_tear_down(InstanceId id, TestId stream) {
    at(id).state = State::tearing_down;
    slots_[index(at(id).slot)].busy = stream;
}

void Instances::end_tear_down(InstanceId id) {
    Instance& gone = at(id);
    gone.state = State::dead;
    gone.doomed_by = none;
    Slot& slot = slots_[index(gone.slot)];
    slot.live = none;
    slot.busy = none;
    for (const InstanceId needed : gone.needs) std::erase(at(needed).dependents, id);
    for (const InstanceId dependent : gone.dependents) std::erase(at(dependent).needs, id);
    gone.needs = {};
    gone.dependents = {};
}

bool Instances::is_alive(InstanceId id) const {
    return known(id) && at(id).state != State::unborn && at(id).state != State::dead;
}

void Instances::depend(InstanceId dependent, InstanceId needed) {
    if (!is_alive(dependent) || !is_alive(needed)) return;
    if (std::ranges::count(at(dependent).needs, needed) != 0) return;
    if (std::ranges::count(with_dependents(dependent), needed) != 0) return;
    at(dependent).needs.push_back(needed);
    at(needed).dependents.push_back(dependent);
}

Instances::Obstacle Instances::obstacle(InstanceId root, TestId stream,
                                        std::span<const InstanceId> uses) const {
    for (const InstanceId id : with_dependents(root)) {
        const Instance& instance = at(id);
        const TestId busy = slots_[index(instance.slot)].busy;
        if (busy == stream || instance.doomed_by == stream) return {instance.slot, true};
        const auto own = static_cast<std::int32_t>(std::ranges::count(uses, id));
        if (busy != none || instance.doomed_by != none || instance.users > own)
            return {instance.slot, false};
    }
    return {};
}

void Instances::doom(InstanceId root, TestId stream) {
    for (const InstanceId id : with_dependents(root)) at(id).doomed_by = stream;
}

InstanceId Instances::next_victim(InstanceId root) const {
    InstanceId victim = root;
    for (const InstanceId id : with_dependents(root)) {
        if (has_live_dependents(id)) continue;
        if (has_live_dependents(victim) || at(id).age > at(victim).age) victim = id;
    }
    return victim;
}

std::vector<InstanceId> Instances::with_dependents(InstanceId root) const {
    std::vector<InstanceId> found{root};
    if (!has_live_dependents(root)) return found;
    std::vector<bool> seen(instances_.size(), false);
    for (std::size_t next = 0; next < found.size(); ++next) {
        for (const InstanceId dependent : at(found[next]).dependents) {
            if (seen[index(dependent)]) continue;
            seen[index(dependent)] = true;
            found.push_back(dependent);
        }
    }
    return found;
}

}  // namespace fasttest
