"""The bindings of the plan and the orchestrator."""

from __future__ import annotations

import gc

import pytest

from fasttest import _core


def one_module(tests: int) -> _core.Plan:
    """Plan tests of one module that share a module fixture and own another."""
    plan = _core.Plan()
    module = plan.add_scope_instance(_core.Scope.MODULE, _core.SESSION)
    wide = plan.add_fixture("wide")
    own = plan.add_fixture("own")
    closure = plan.add_closure(
        module,
        [(wide, module, [], _core.NO_LOOP), (own, _core.OWN, [0], _core.OWN_LOOP)],
    )
    for _ in range(tests):
        plan.add_test(closure, loop=_core.OWN_LOOP)
    plan.prepare()
    return plan


def test_actions_are_tuples_of_kind_test_entry_and_instance() -> None:
    """The executor unpacks them; a wide fixture has an instance, an own one has not."""
    run = _core.Orchestrator(one_module(1), 1)
    assert run.admit() == (_core.START, 0, -1, -1)
    assert run.done(0, True) == (_core.SET_UP, 0, 0, 0)
    assert run.done(0, True) == (_core.OPEN_LOOP, 0, -1, _core.OWN_LOOP)
    assert run.instance_of(0, 0) == 0
    assert run.done(0, True) == (_core.SET_UP, 0, 1, -1)
    assert run.done(0, True) == (_core.CALL, 0, -1, -1)
    assert run.done(0, True) == (_core.TEAR_DOWN, 0, 1, -1)
    assert run.done(0, True) == (_core.CLOSE_LOOP, 0, -1, _core.OWN_LOOP)
    assert run.done(0, True) == (_core.TEAR_DOWN, 0, 0, 0)
    assert run.done(0, True) == (_core.FINISHED, 0, -1, -1)
    assert run.admit() == (_core.NOTHING, -1, -1, -1)
    assert not run.is_active()


def test_waiting_streams_come_back_through_get_ready() -> None:
    """The second test waits for the fixture that the first one sets up."""
    run = _core.Orchestrator(one_module(2), 2)
    run.admit()
    run.done(0, True)
    run.admit()
    assert run.done(1, True) == (_core.WAIT, 1, -1, -1)
    assert (run.waiting(), run.in_flight(), run.has_ready()) == (1, 2, False)
    run.done(0, True)
    assert run.has_ready()
    assert run.get_ready() == [(_core.OPEN_LOOP, 1, -1, _core.OWN_LOOP)]
    assert run.overlapped(0)


def test_requests_resume_with_the_instance() -> None:
    """`getfixturevalue` of a module fixture that nobody named."""
    plan = _core.Plan()
    plan.add_test(plan.add_closure(_core.SESSION, []))
    plan.prepare()
    fixture = plan.add_fixture("late")
    run = _core.Orchestrator(plan, 1)
    run.admit()
    run.done(0, True)
    assert run.request(0, fixture, _core.SESSION) == (_core.SET_UP, 0, -1, 0)
    assert run.done(0, True) == (_core.RESUME, 0, -1, 0)
    assert run.request(0, fixture, _core.OWN, requester=-1) == (_core.SET_UP, 0, 0, -1)
    assert run.done(0, False) == (_core.SET_UP_FAILED, 0, 0, -1)


def test_stop_reports_what_was_dropped() -> None:
    """What has not started never will."""
    run = _core.Orchestrator(one_module(3), 1)
    run.admit()
    run.stop()
    assert run.dropped() == [1, 2]
    assert run.admit()[0] == _core.NOTHING


def test_a_start_of_a_rate_is_given_back_once() -> None:
    """When that is, the core cannot know: it has no clock."""
    plan = _core.Plan()
    rate = plan.add_rate("api", 1)
    closure = plan.add_closure(_core.SESSION, [])
    for _ in range(2):
        plan.add_test(closure, claims=[(rate, 1)])
    plan.prepare()
    run = _core.Orchestrator(plan, 8)
    assert plan.is_rate(rate)
    assert run.admit() == (_core.START, 0, -1, -1)
    assert run.admit()[0] == _core.NOTHING
    run.give_back(rate)
    assert run.admit() == (_core.START, 1, -1, -1)
    run.give_back(rate)
    with pytest.raises(_core.OrchestratorError, match="nothing to give back"):
        run.give_back(rate)


def test_the_orchestrator_keeps_its_plan_alive() -> None:
    """It borrows the plan; dropping the last name of the plan must not free it."""
    run = _core.Orchestrator(one_module(1), 1)
    gc.collect()
    assert run.admit() == (_core.START, 0, -1, -1)


def test_misuse_raises_an_orchestrator_error() -> None:
    """A mistake of the executor, told apart from errors of tests."""
    run = _core.Orchestrator(one_module(1), 1)
    with pytest.raises(_core.OrchestratorError, match="no pending action"):
        run.done(0, True)
    with pytest.raises(_core.OrchestratorError, match="there is no test 7"):
        run.overlapped(7)
    assert issubclass(_core.OrchestratorError, RuntimeError)


def test_unknown_ids_raise_a_plan_error() -> None:
    """Python gives ids back; a wrong one must not read foreign memory."""
    plan = one_module(1)
    for call in (plan.batch_of, plan.loop_of, plan.is_exclusive):
        with pytest.raises(_core.PlanError, match="there is no test"):
            call(7)
    with pytest.raises(_core.PlanError, match="there is no entry"):
        plan.instance_of(0, 9)


def test_a_plan_tells_batches_order_and_counts() -> None:
    """What reports and the schedule read from it."""
    plan = _core.Plan()
    loop = plan.add_loop(_core.SESSION)
    port = plan.add_resource("port", 1)
    closure = plan.add_closure(_core.SESSION, [])
    plan.add_test(closure, loop=loop, claims=[(port, 1)])
    plan.add_test(closure, exclusive=True)
    plan.add_test(closure, loop=loop, expected_wait=2.5)
    plan.prepare(max_batch_size=10)
    assert plan.batches() == [[0, 2], [1]]
    assert plan.order() == [0, 2, 1]  # 0 opens the loop on which 2 waits long
    assert plan.claims_of(0) == [(port, 1)]
    assert not plan.is_rate(port)
    assert (plan.resource_name(port), plan.capacity(port)) == ("port", 1)
    assert (plan.loop_of(0), plan.is_exclusive(1)) == (loop, True)
    assert (plan.test_count, plan.batch_count, plan.instance_count) == (3, 2, 0)
    assert plan.memory_bytes() > 0
