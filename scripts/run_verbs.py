"""What operators do to runs and to versions of scripts."""

from __future__ import annotations

from operators.verbs import Doer, Verb
from scripts import library, lifecycle, poison, withdrawal
from scripts.language.errors import ScriptError
from scripts.models import Run, ScriptVersion
from scripts.states import FINAL, RunState


def _cancel(run: Run, doer: Doer) -> str:
    ended = lifecycle.cancel(run.pk, by=doer.by, why=doer.reason)
    return "cancelled" if ended else ""


def _ended(run: Run) -> str:
    return f"it has ended ({run.state})" if run.state in FINAL else ""


CANCEL = Verb(
    name="cancel",
    permission="scripts.cancel_run",
    label="Cancel for good",
    effect=(
        "It ends now and for good: what it waits for is closed, its questions are withdrawn, who "
        "waits for its answer is refused, and its chat is told.",
        "They end now and for good: what they wait for is closed, their questions are withdrawn, "
        "who waits for their answers is refused, and their chats are told.",
    ),
    done=("is cancelled", "are cancelled"),
    does=_cancel,
    left=_ended,
)


def _retry(run: Run, doer: Doer) -> str:
    freed = lifecycle.retry(run.pk, by=doer.by, why=doer.reason)
    return "will try again" if freed else ""


def _not_set_aside(run: Run) -> str:
    return "" if run.state == RunState.QUARANTINED else f"it is {run.state}, not QUARANTINED"


RETRY = Verb(
    name="retry",
    permission="scripts.retry_run",
    label="Retry what is quarantined",
    effect=(
        "It tries again from where it stood, with all its attempts.",
        "They try again from where they stood, with all their attempts.",
    ),
    done=("will try again", "will try again"),
    does=_retry,
    left=_not_set_aside,
)


def _let_start(version: ScriptVersion, doer: Doer) -> str:
    woken = poison.let_start(version.pk)
    return "starts again; " + ("1 run" if woken == 1 else f"{woken} runs") + " had waited"


def _not_stopped(version: ScriptVersion) -> str:
    if version.withdrawn_at is not None:
        return "it is withdrawn"
    return "it is not stopped" if version.stopped_at is None else ""


LET_START = Verb(
    name="let_start",
    permission="scripts.let_start_scriptversion",
    label="Let start again",
    effect=(
        "It may start again, and the runs that it began and that were held back go on.",
        "They may start again, and the runs that they began and that were held back go on.",
    ),
    done=("may start again", "may start again"),
    does=_let_start,
    left=_not_stopped,
    tells=True,
)


def _withdraw(version: ScriptVersion, doer: Doer) -> str:
    count = withdrawal.withdraw(version.pk, by=doer.by, why=doer.reason)
    ends = "1 run is" if count == 1 else f"{count} runs are"
    return f"withdrawn; {ends} being cancelled"


def _not_withdrawable(version: ScriptVersion) -> str:
    if library.is_shipped(version.pk):
        return "it is shipped with this deployment, which needs it"
    return ""


WITHDRAW = Verb(
    name="withdraw",
    permission="scripts.withdraw_scriptversion",
    label="Withdraw for good",
    effect=(
        "No run begins with it or enters it any more, and every run that stands in it is "
        "cancelled. This cannot be undone.",
        "No run begins with them or enters them any more, and every run that stands in one of them "
        "is cancelled. This cannot be undone.",
    ),
    done=("is withdrawn", "are withdrawn"),
    does=_withdraw,
    left=_not_withdrawable,
    refusals=(ScriptError,),
    tells=True,
)
