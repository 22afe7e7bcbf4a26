"""What may happen to the engine, in any order; after each rule, it and the reference agree."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import OperationalError, transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from messaging import outbox
from scripts import hooks, lifecycle, services, wakes
from scripts.advance import advance_once
from scripts.library import Version
from scripts.models import Hook, Run, Signal
from scripts.selectors import untold_runs, unwakeable_runs
from scripts.states import HookState
from tests.scripts.engine import DOMAIN
from tests.scripts.model.chances import (
    ANSWERS,
    ERRORS,
    IN_ADVANCE,
    IN_DELIVERY,
    MOODS,
    PICK,
    SECONDS,
    faults,
)
from tests.scripts.model.look import Look
from tests.scripts.model.plays import PLAYS, Me
from tests.scripts.model.reference import ATTEMPTS, OWN, SET_ASIDE, Reference
from tests.scripts.model.reference import Run as Twin
from tests.scripts.model.world import (
    START,
    Fault,
    Moment,
    Partner,
    Trace,
    answers,
    empty,
    traced,
)


class EngineRules(RuleBasedStateMachine):
    """One sequence: the engine on an empty database, and a reference that is told what it did."""

    # Filled in by the test: what lasts longer than one sequence.
    moment: Moment
    partner: Partner
    versions: dict[str, Version]
    chat_key: str
    engine_advance: Callable[[UUID], bool]

    def __init__(self) -> None:
        super().__init__()
        empty()
        self.moment.at = START
        services.advance = self.work  # the test puts it back: sweeps, too, are told of
        self.partner.got.clear()
        self.world = Reference(self.moment.at)
        self.look = Look()
        self.held: list[tuple[str, wakes.Claim]] = []
        self.promised: list[tuple[UUID, str, str]] = []
        self.latest = self.moment.at
        self.count = 0

    # -- runs -------------------------------------------------------------------------------

    @rule(
        play=st.sampled_from(sorted(PLAYS)),
        number=st.integers(0, 2),
        later=st.sampled_from([None, None, None, None, 5, 7200]),
        point=st.sampled_from(["", "", "", "start_before_commit", "start_after_commit"]),
        go=st.booleans(),
    )
    def start(self, play: str, number: int, later: int | None, point: str, go: bool) -> None:
        self.start_once(f"{play}:{number}", play, later, point)
        if go:
            self.sweep()

    def start_once(self, name: str, play: str, later: int | None, point: str) -> None:
        due_at = None if later is None else self.moment.at + timedelta(seconds=later)
        with traced(Fault(point)) as trace, transaction.atomic():
            services.start_run(
                self.versions[play], play.title(), domain=DOMAIN, trigger=name, due_at=due_at
            )
        if name in self.world.runs or (trace.struck and point == "start_before_commit"):
            return
        self.world.runs[name] = Twin(state="READY" if due_at is None else "WAITING")
        self.world.runs[name].play = PLAYS[play][0](Me(name, self.world))
        if due_at is None:
            self.world.wake(name)
        else:
            self.world.timers[name] = due_at
        self.look.names[Run.objects.values_list("pk", flat=True).get(trigger=name)] = name

    def pick(self, number: int) -> tuple[str, UUID]:
        """Return one of the runs that are owed an advance; of all, for one number in four."""
        owed = [name for name in self.world.runs if name in self.world.owed]
        names = list(self.world.runs) if number % 4 == 0 or not owed else owed
        name = names[number % len(names)]
        return name, self.look.id_of(name)

    def has_runs(self) -> bool:
        return bool(self.world.runs)

    @precondition(has_runs)
    @rule(number=PICK, fault=faults(IN_ADVANCE))
    def advance(self, number: int, fault: Fault) -> None:
        self.work(self.pick(number)[1], fault)

    def work(self, run_id: UUID, fault: Fault | None = None) -> bool:
        """Let a worker take a run; tell the reference what it committed."""
        fault = fault or Fault()
        with traced(fault) as trace:
            worked = self.engine_advance(run_id)
        self.retell(self.look.names[run_id], trace)
        return trace.struck or worked

    def retell(self, name: str, trace: Trace) -> None:
        world, gen, lost = self.world, 0, False
        for fact in trace.seen:
            if fact == "claim_after_commit":
                world.owed[name][1] += 1
                gen = world.owed[name][0]
                if world.owed[name][1] > ATTEMPTS and not trace.struck:
                    world.set_aside(name)
                elif world.runs[name].state in SET_ASIDE and not trace.struck:
                    world.advance(name, gen)
            elif fact == "adv_after_commit":
                world.advance(name, gen)
            elif fact == "release_before_commit" and name in world.owed:
                owed = world.owed[name]
                charged = trace.fault.error is not OperationalError
                owed[1] = owed[1] if charged else max(owed[1] - 1, 0)
                lost = charged and owed[1] >= ATTEMPTS
        if lost:
            world.set_aside(name)

    @precondition(has_runs)
    @rule(number=PICK, times=st.sampled_from([1, 1, 1, 2, 9]), error=st.sampled_from(ERRORS))
    def tire(self, number: int, times: int, error: type[BaseException]) -> None:
        """Every worker that takes this run fails, or dies with it."""
        for _ in range(times):
            self.move(timedelta(seconds=61))
            self.work(self.pick(number)[1], Fault("adv_locked", 1, error))

    @precondition(lambda self: any(run.box for run in self.world.runs.values()))
    @rule(number=PICK)
    def set_aside_while_parked(self, number: int) -> None:
        """A parked run is woken for nothing, fails until it is set aside, and is tried again."""
        parked = [name for name, run in self.world.runs.items() if run.box]
        name = parked[number % len(parked)]
        with transaction.atomic():
            wakes.wake(self.look.id_of(name))
        self.world.wake(name)
        for _ in range(ATTEMPTS):
            self.move(timedelta(seconds=61))
            self.work(self.look.id_of(name), Fault("adv_locked", 1, RuntimeError))
        self.retry()
        self.work(self.look.id_of(name))

    @precondition(has_runs)
    @rule(number=PICK)
    def claim_and_stop(self, number: int) -> None:
        """A worker takes a run and is stopped; it may go on, much later."""
        name, run_id = self.pick(number)
        claim = wakes.claim(run_id)
        if claim is not None:
            self.world.owed[name][1] += 1
            assert self.world.owed[name] == [claim.gen, claim.attempts]
            assert claim.is_worn_out == (claim.attempts > ATTEMPTS)
            if not claim.is_worn_out:
                self.held.append((name, claim))

    @precondition(lambda self: self.held)
    @rule(number=PICK)
    def go_on_after_all(self, number: int) -> None:
        """The stopped worker goes on with a claim that may be long over; perhaps more than once."""
        name, claim = self.held[number % len(self.held)]
        more = advance_once(self.look.id_of(name), claim)
        self.world.advance(name, claim.gen)
        assert more == (self.world.runs[name].state == "READY")

    @precondition(lambda self: self.world.owed)
    @rule(number=PICK)
    def wake_while_it_works(self, number: int) -> None:
        """A worker has taken the run; before it commits, the run is woken once more."""
        name, run_id = self.pick(number)
        before = len(self.held)
        self.claim_and_stop(number)
        if len(self.held) > before:
            with transaction.atomic():
                wakes.wake(run_id)
            self.world.wake(name)
            self.go_on_after_all(before)

    @precondition(lambda self: any(run.state in SET_ASIDE for run in self.world.runs.values()))
    @rule()
    def retry(self) -> None:
        """An operator retries every run that has stopped: those in quarantine try again."""
        for name, run in self.world.runs.items():
            if run.state in SET_ASIDE:
                freed = lifecycle.retry(self.look.id_of(name), by="the model")
                assert freed == (run.state == "QUARANTINED")
            if run.state == "QUARANTINED":
                self.world.retry(name)

    # -- mailboxes --------------------------------------------------------------------------

    @rule(
        number=PICK,
        source=st.sampled_from(["", "", "a", "b"]),
        answer=st.sampled_from(ANSWERS),
        ours=st.sampled_from([True, True, True, False]),
        point=st.sampled_from(["", "", "", "signal_locked", "signal_filled"]),
    )
    def signal(self, number: int, source: str, answer: Any, ours: bool, point: str) -> None:
        """Somebody answers: a new source or a known one, who is expected or a stranger."""
        waits = [name for name, box in self.world.boxes.items() if box.state == "OPEN"]
        boxes = ["door", "window", *self.look.boxes()] if number % 4 == 0 or not waits else waits
        self.answer(boxes[number % len(boxes)], source, answer, ours, point)

    def answer(self, name: str, source: str, answer: Any, ours: bool, point: str) -> None:
        self.count += 1
        source = source or str(self.count)
        shown = self.look.hook_of(name)
        is_prompt = ":prompt:" in name
        value = answer if is_prompt else f"{answer['Result']} {self.count}"
        expected = ("person", self.chat_key) if is_prompt else (OWN, OWN)
        twin_origin, origin = expected if ours else ("stranger", "domain:charlie.test")
        waiting = Hook.objects.filter(name=shown, state=HookState.OPEN).first()
        with traced(Fault(point)) as trace:
            state = hooks.send_signal(
                domain=DOMAIN, name=shown, source=source, origin=origin, value=value
            )
        if not trace.struck:
            assert state == self.world.signal(name, source, twin_origin, value)
            if waiting is not None and waiting.run_id and state == "NEW":
                self.promised.append((waiting.run_id, name, source))

    @precondition(lambda self: any(box.state == "OPEN" for box in self.world.boxes.values()))
    @rule(
        number=PICK,
        answer=st.sampled_from(ANSWERS),
        off=st.sampled_from([-1, 0, 1]),
        back=st.sampled_from([0, 0, 8]),
    )
    def answer_at_the_edge(self, number: int, answer: Any, off: int, back: int) -> None:
        """An answer at the very moment of its deadline, by a clock that may then go back."""
        waits = [name for name, box in self.world.boxes.items() if box.state == "OPEN"]
        name = waits[number % len(waits)]
        edge = self.world.boxes[name].deadline + timedelta(microseconds=off)
        self.move(edge - self.moment.at)
        self.answer(name, "", answer, True, "")
        self.move(timedelta(seconds=-back))

    # -- time -------------------------------------------------------------------------------

    def move(self, by: timedelta) -> None:
        self.moment.move(by)
        self.world.now = self.moment.at
        self.latest = max(self.latest, self.moment.at)

    @rule(seconds=st.sampled_from(SECONDS))
    def time_passes(self, seconds: int) -> None:
        self.move(timedelta(seconds=seconds))

    @rule()
    def a_month_passes(self) -> None:
        self.move(timedelta(days=30, seconds=1))

    @precondition(lambda self: self.world.timers)
    @rule(number=PICK, off=st.sampled_from([-1, 0, 1]))
    def the_edge_comes(self, number: int, off: int) -> None:
        """The very moment of a deadline, or a microsecond beside it."""
        moments = sorted(self.world.timers.values())
        edge = moments[number % len(moments)] + timedelta(microseconds=off)
        self.move(edge - self.moment.at)

    @rule(point=st.sampled_from(["", "", "sweep_moved", "sweep_after_commit"]))
    def fire_timers(self, point: str) -> None:
        with traced(Fault(point)) as trace:
            wakes.fire_timers()
        if not trace.struck or point == "sweep_after_commit":
            self.world.fire()

    @rule()
    def sweep(self) -> None:
        self.world.fire()
        services.sweep()

    # -- messages ---------------------------------------------------------------------------

    @precondition(lambda self: self.world.outbox)
    @rule(number=PICK, mood=st.sampled_from(MOODS), fault=faults(IN_DELIVERY))
    def deliver(self, number: int, mood: str, fault: Fault) -> None:
        keys = list(self.world.outbox)
        self.post(keys[number % len(keys)], mood, fault)

    def post(self, key: str, mood: str, fault: Fault) -> bool:
        self.partner.mood = mood
        with traced(fault) as trace:
            outbox.deliver(self.look.messages[key][0])
        if "ob_claimed" not in trace.seen:
            return False
        message = self.world.outbox[key]
        queue = [each for each in self.world.outbox.values() if each.run == message.run]
        assert next(each for each in queue if each.state == "DUE") is message, (
            "a later message overtook an earlier one"
        )
        message.attempts += 1
        marked = "ob_marked" in trace.seen
        if marked or not trace.struck:
            assert self.world.delivered(key, mood) == marked
        return True

    # -- what holds at any moment -----------------------------------------------------------

    @invariant()
    def nobody_is_stuck(self) -> None:
        for stuck in (unwakeable_runs, untold_runs):
            assert not answers(stuck), stuck.__name__

    @invariant()
    def engine_and_reference_agree(self) -> None:
        self.look.assert_agrees(self.world)

    # -- the end ----------------------------------------------------------------------------

    def teardown(self) -> None:
        """All that can end ends: the peer is up, workers live, and time passes."""
        self.move(self.latest - self.moment.at)
        for pause in (61, 61, 301, *[31 * 86400] * 6):
            self.move(timedelta(seconds=pause))
            self.retry()
            self.work_until_quiet()
            if self.world.is_over():
                break
        self.engine_and_reference_agree()
        self.look.assert_all_ended(self.world)
        # A segment that ends as FAILED or DECLINED takes back that it took the answer.
        for run_id, box, source in self.promised:
            acted = Signal.objects.filter(
                hook__name=self.look.hook_of(box), source=source, state="CONSUMED"
            )
            ended = Run.objects.filter(pk=run_id, state__in=("FAILED", "DECLINED"))
            assert acted.exists() or ended.exists(), "told NEW while a run waited, then ignored"
        assert set(self.partner.got) <= {str(each) for each in self.look.correlations}

    def work_until_quiet(self) -> None:
        for _ in range(40):
            self.sweep()
            self.engine_and_reference_agree()
            busy = [
                self.post(key, "answers", Fault())
                for key, message in list(self.world.outbox.items())
                if message.state == "DUE"
            ]
            if not any(busy) and not wakes.due_runs(1):
                return
        raise AssertionError("the work never ends")
