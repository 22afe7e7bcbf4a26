"""The engine's rows: what runs, what each run waits for, and what wakes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models.functions import Now
from django_fsm import RETURN_VALUE, FSMField, FSMModelMixin, transition

from messaging import clock
from messaging.ids import uuid7
from scripts.states import LIVE, UNENDED, HookState, RunState, SignalState

if TYPE_CHECKING:
    from scripts.items.rules import Change


class ScriptVersion(models.Model):
    """One script file as it was when something first ran it. Never changed, named by its hash."""

    hash = models.CharField(primary_key=True, max_length=64)
    name = models.CharField(max_length=200)
    source = models.TextField()
    code = models.JSONField()
    links = models.JSONField(default=dict, help_text="Called script -> hash of its version")
    abi = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField()
    unused_at = models.DateTimeField(null=True, help_text="Since when nothing refers to it")
    stopped_at = models.DateTimeField(
        null=True, db_index=True, help_text="Too many of its runs were set aside: it does not start"
    )
    stopped_why = models.CharField(max_length=200, blank=True, db_default="")
    withdrawn_at = models.DateTimeField(
        null=True, help_text="An operator took it out of use: its runs are cancelled, none begins"
    )

    class Meta:
        permissions = [
            ("let_start_scriptversion", "Can let a stopped version start again"),
            ("withdraw_scriptversion", "Can withdraw a version, with all its runs"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.hash[:12]}"


class Run(FSMModelMixin, models.Model):
    """One start of one script by one trigger, and the continuation that carries it on.

    What else a change of state means, and its place in the tables, is lifecycle.py's.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    domain = models.CharField(max_length=253)
    trigger = models.CharField(max_length=300)
    script = models.CharField(max_length=200)
    version = models.ForeignKey(ScriptVersion, on_delete=models.PROTECT, related_name="+")
    state = FSMField(
        max_length=12, choices=RunState.choices, default=RunState.READY, protected=True
    )
    rev = models.PositiveBigIntegerField(default=0)
    continuation = models.JSONField()
    message_id = models.UUIDField(null=True, db_index=True)
    origin = models.CharField(
        max_length=300, blank=True, help_text="The verified sender; empty until VERIFY succeeds"
    )
    chat = models.JSONField(null=True, help_text="Key of the chat this run talks in")
    subject_id = models.CharField(
        max_length=100, blank=True, db_index=True, help_text="The row this run is about"
    )
    hook = models.ForeignKey("Hook", null=True, on_delete=models.SET_NULL, related_name="+")
    caused_by = models.CharField(
        max_length=253,
        blank=True,
        default="",
        db_default="",
        help_text="Whose share it is",
    )
    checkpoints = models.PositiveIntegerField(
        db_default=0, default=0, help_text="How many returns this run has set or taken"
    )
    talker = models.CharField(
        max_length=64,
        blank=True,
        db_default="",
        default="",
        help_text="Version of the author's script whose code it ran last",
    )
    error = models.TextField(blank=True)
    result = models.JSONField(null=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        permissions = [
            ("cancel_run", "Can cancel a run for good"),
            ("retry_run", "Can retry a quarantined run"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["domain", "trigger", "script"], name="run_once_per_trigger"
            )
        ]
        indexes = [
            models.Index(fields=["domain", "created_at"], name="run_by_domain"),
            # Few of many: what asks for live runs must not read those that have ended.
            models.Index(
                fields=["script", "trigger"], condition=models.Q(state__in=LIVE), name="run_live"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.script} at {self.domain}"

    @transition(field=state, source=LIVE, target=RunState.READY)
    def go_on(self) -> None:
        """Its segment is spent, and there is more to do."""

    @transition(field=state, source=LIVE, target=RunState.WAITING)
    def park(self) -> None:
        """It waits."""

    @transition(field=state, source=LIVE, target=RunState.DONE)
    def finish(self) -> None:
        """Its script has come to its end."""
        self._end()

    @transition(field=state, source=LIVE, target=RunState.FAILED)
    def fail(self, error: str) -> None:
        """Its script raised an error."""
        self._end(error)

    @transition(field=state, source=LIVE, target=RunState.DECLINED)
    def decline(self) -> None:
        """The person said no, and the script has nothing else to do."""
        self._end()

    @transition(field=state, source=UNENDED, target=RunState.CANCELLED)
    def cancel(self, why: str) -> None:
        """An operator ended it, or the person is gone."""
        self._end(why)

    @transition(field=state, source=UNENDED, target=RunState.CANCELLED)
    def withdraw(self, why: str) -> None:
        """A script that it stands in is not to run any more."""
        self._end(why)

    @transition(field=state, source=[*LIVE, RunState.DONE], target=RunState.QUARANTINED)
    def quarantine(self, error: str) -> None:
        """Nothing came of all its attempts. One that had ended was being taken back."""
        self.error = error

    @transition(
        field=state,
        source=RunState.QUARANTINED,
        target=RETURN_VALUE(RunState.READY, RunState.DONE),
    )
    def retry(self) -> RunState:
        """An operator lets it try again; one that had ended has, until it is taken back."""
        self.error = ""
        return RunState.READY if self.finished_at is None else RunState.DONE

    @transition(field=state, source=[*LIVE, RunState.DONE], target=RunState.READY)
    def take_back(self) -> None:
        """A return was reeled: it goes on from there, also after its end."""
        self.error, self.result, self.finished_at, self.hook_id = "", None, None, None

    def _end(self, why: str = "") -> None:
        self.error, self.finished_at, self.hook_id = why, clock.now(), None


class Ready(models.Model):
    """Exists exactly while a run is owed an advance. Small and hot, so apart from Run.

    `gen` counts wake-ups: an advance deletes only the generation it claimed, so a wake-up that
    comes while it works is never lost with it.
    """

    run = models.OneToOneField(Run, primary_key=True, on_delete=models.CASCADE)
    due_at = models.DateTimeField(db_index=True)
    attempts = models.PositiveIntegerField(default=0)
    gen = models.PositiveBigIntegerField(default=1)

    class Meta:
        verbose_name_plural = "ready"

    def __str__(self) -> str:
        return f"{self.run_id} generation {self.gen}"


class Hook(models.Model):
    """A mailbox that a run may wait on; signals that come early are kept for it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    domain = models.CharField(max_length=253)
    name = models.CharField(max_length=100)
    state = models.CharField(max_length=8, choices=HookState, default=HookState.IDLE)
    run = models.ForeignKey(Run, null=True, on_delete=models.CASCADE, related_name="hooks")
    expects = models.CharField(max_length=300, blank=True, help_text="Who may answer")
    deadline = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["domain", "name"], name="hook_once")]

    def __str__(self) -> str:
        return f"{self.name} at {self.domain}"


class Checkpoint(models.Model):
    """Where a run goes on when its hook is reeled: its continuation as it was there (10.2)."""

    hook = models.OneToOneField(Hook, primary_key=True, on_delete=models.CASCADE)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="returns")
    number = models.PositiveIntegerField(help_text="Later ones of the same run have higher numbers")
    continuation = models.JSONField()

    def __str__(self) -> str:
        return f"{self.hook_id} of {self.run_id}"


class Imprint(models.Model):
    """Holders that a script kept under a hook, to take back those that are unset later."""

    domain = models.CharField(max_length=253)
    hook = models.CharField(max_length=100)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="imprints")
    holders = models.JSONField()
    recalled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["domain", "hook", "run"], name="imprint_once")
        ]

    def __str__(self) -> str:
        return f"{self.hook} of {self.run_id}"


class Signal(models.Model):
    """One value sent to a hook, by one source, once."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    hook = models.ForeignKey(Hook, on_delete=models.CASCADE, related_name="signals")
    source = models.CharField(max_length=100)
    origin = models.CharField(max_length=300)
    value = models.JSONField(null=True)
    state = models.CharField(max_length=8, choices=SignalState, default=SignalState.NEW)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["hook", "source"], name="signal_once")]

    def __str__(self) -> str:
        return f"{self.state} for {self.hook_id}"


class Timer(models.Model):
    """Wakes a run at a moment: the deadline of its wait, or the time it is to start."""

    run = models.OneToOneField(Run, primary_key=True, on_delete=models.CASCADE)
    due_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.run_id} at {self.due_at}"


class Quarantine(models.Model):
    """Why a run was set aside, each time that it was. Evidence for people; no values in it."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="quarantines")
    at = models.DateTimeField()
    attempts = models.PositiveIntegerField()
    fault = models.CharField(max_length=500)
    place = models.TextField(blank=True, help_text="Where in our code it was raised")
    blame = models.CharField(
        max_length=500,
        blank=True,
        db_default="",
        default="",
        help_text="Whose script, at which line; empty when no author's code ran",
    )
    worker = models.CharField(max_length=100, help_text="Host and process of the last attempt")

    def __str__(self) -> str:
        return f"{self.run_id} at {self.at}"


class RunEvent(models.Model):
    """The log of a run, one row a committed segment. Written for people, never read to resume."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="events")
    rev = models.PositiveBigIntegerField()
    kind = models.CharField(max_length=12)
    data = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "rev"], name="run_event_once")]

    def __str__(self) -> str:
        return f"{self.rev} {self.kind}"


class ItemSet(models.Model):
    """A dataset that an operator defines for the scripts of one hosted domain."""

    domain = models.CharField(max_length=253)
    name = models.CharField(max_length=130, editable=False)
    source = models.TextField("definition", help_text="The dataset, in YAML")
    scripts = models.TextField(
        blank=True, help_text="The scripts that its Handlers start, in YAML: a file of scripts"
    )
    version = models.CharField(max_length=64, blank=True, editable=False)
    updated_at = models.DateTimeField(editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["domain", "name"], name="item_set_once")]
        verbose_name = "dataset"

    def __str__(self) -> str:
        return f"{self.name} of {self.domain}"


class Item(models.Model):
    """A row of an operator's dataset."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    set = models.ForeignKey(ItemSet, on_delete=models.PROTECT, related_name="items")
    key = models.CharField(max_length=400)
    state = models.CharField(max_length=50, blank=True)
    data = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=0)
    invalid = models.CharField(max_length=500, blank=True, help_text="The rule that it breaks")
    is_held = models.BooleanField(default=False, help_text="Its rules hold a change of state back")
    held_from = models.CharField(max_length=50, blank=True, help_text="The state before that")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True)
    purge_at = models.DateTimeField(null=True, db_index=True)

    # What the save in progress does to the row, for the receiver that starts its handlers.
    change: Change | None = None

    class Meta:
        constraints = [models.UniqueConstraint(fields=["set", "key"], name="item_once")]

    def __str__(self) -> str:
        return f"{self.key} in {self.set_id}"


class ItemHistory(models.Model):
    """A row as one of its changes left it."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="history")
    version = models.PositiveIntegerField()
    event = models.CharField(max_length=10)
    state = models.CharField(max_length=50, blank=True)
    data = models.JSONField()
    run = models.CharField(max_length=36, blank=True, help_text="The run that saved it")
    depth = models.PositiveSmallIntegerField(
        default=0, help_text="How many handlers of events led to it, one after another"
    )
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "version"], name="item_change_once")]
        verbose_name_plural = "item history"

    def __str__(self) -> str:
        return f"{self.event} {self.version}"
