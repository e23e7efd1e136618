#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/plan.hpp"

namespace fasttest {

/// The wide fixtures that are alive: which instance holds each slot, who uses it, what it needs.
///
/// Streams are named by their tests; `closer` stands for the stream of no test.
class Instances {
  public:
    static constexpr TestId closer = -2;

    explicit Instances(const Plan& plan);

    SlotId slot_of(FixtureId fixture, ScopeId scope_instance);
    InstanceId live(SlotId slot) const { return slots_[index(slot)].live; }
    ScopeId scope_of(SlotId slot) const { return slots_[index(slot)].scope_instance; }
    /// The stream that is setting the slot's instance up or tearing it down, or none.
    TestId busy(SlotId slot) const { return slots_[index(slot)].busy; }
    bool is_setting_up(InstanceId id) const { return at(id).state == State::setting_up; }
    bool is_alive(InstanceId id) const;
    bool has_failed(InstanceId id) const { return at(id).failed; }
    /// The stream that is about to tear the instance down to make room in a slot, or none.
    TestId doomed_by(InstanceId id) const { return at(id).doomed_by; }
    std::int32_t param_key(InstanceId id) const { return at(id).param_key; }
    LoopId loop_of(InstanceId id) const { return at(id).loop; }
    SlotId slot_of(InstanceId id) const { return at(id).slot; }
    TestId maker(InstanceId id) const { return at(id).maker; }
    bool made_in_retry(InstanceId id) const { return at(id).made_in_retry; }
    bool known(InstanceId id) const { return id >= 0 && index(id) < instances_.size(); }

    struct Order {
        SlotId slot;
        InstanceId planned;  // its id if it has not been created before, or none
        std::int32_t param_key;
        LoopId loop;
        std::span<const InstanceId> dependencies;
        TestId stream;
        bool in_retry;
    };
    /// Takes the empty slot for the stream, which sets the new instance up.
    InstanceId begin_set_up(const Order& order);
    void end_set_up(InstanceId id, bool ok);
    void begin_tear_down(InstanceId id, TestId stream);
    /// The instance is gone; it must have no live dependents but those being torn down around it.
    void end_tear_down(InstanceId id);

    void add_user(InstanceId id) { ++at(id).users; }
    /// Returns how many users are left.
    std::int32_t remove_user(InstanceId id) { return --at(id).users; }
    /// From now on `dependent` is torn down before `needed`, unless that would close a circle.
    void depend(InstanceId dependent, InstanceId needed);
    bool has_live_dependents(InstanceId id) const { return !at(id).dependents.empty(); }

    /// What stands in the way of tearing the instance and all that depends on it down.
    struct Obstacle {
        SlotId slot = none;  // none: nothing stands in the way
        bool own = false;    // the stream itself does: waiting would never end
    };
    /// `uses` are the instances the stream itself uses, which do not count.
    Obstacle obstacle(InstanceId root, TestId stream, std::span<const InstanceId> uses) const;
    /// Marks the instance and all that depends on it: nobody else gets hold of them any more.
    void doom(InstanceId root, TestId stream);
    /// Of the instance and all that depends on it, the youngest that nothing depends on.
    InstanceId next_victim(InstanceId root) const;

  private:
    enum class State : std::uint8_t { unborn, setting_up, ready, tearing_down, dead };
    struct Instance {
        SlotId slot = none;
        std::int32_t param_key = none;
        LoopId loop = no_loop;
        std::int32_t users = 0;
        std::int32_t age = 0;  // counts completed set-ups: the greater, the younger
        TestId maker = none;
        TestId doomed_by = none;
        State state = State::unborn;
        bool failed = false;
        bool made_in_retry = false;
        std::vector<InstanceId> needs;
        std::vector<InstanceId> dependents;  // only live ones
    };
    struct Slot {
        FixtureId fixture = none;
        ScopeId scope_instance = none;
        InstanceId live = none;
        TestId busy = none;
    };

    static std::size_t index(std::int32_t id) { return static_cast<std::size_t>(id); }
    Instance& at(InstanceId id) { return instances_[index(id)]; }
    const Instance& at(InstanceId id) const { return instances_[index(id)]; }
    // The instance and everything that depends on it, directly or not, each once.
    std::vector<InstanceId> with_dependents(InstanceId root) const;

    const Plan& plan_;
    std::vector<Instance> instances_;  // first the planned ones, then those nobody foresaw
    std::vector<Slot> slots_;          // likewise
    std::int32_t set_ups_ = 0;
};

}  // namespace fasttest
