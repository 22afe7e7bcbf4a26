"""What an operator does to rows: asked for with a reason, confirmed with a count, recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import structlog
from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse

from operators import acts
from operators.acts import Doer, Subject

log = structlog.get_logger(__name__)

MOST = 500  # rows in one press: a request that takes longer than its time-out helps nobody
SHOWN = 20  # of them on the page that asks
NOTHING = "nothing to do"
CONFIRMED = "post"

Deed = Callable[[Any, Doer], str]


def _applies(row: Any) -> str:
    return ""


def _nothing(rows: list[Any]) -> list[str]:
    return []


@dataclass(frozen=True)
class Verb:
    """One verb of an operator, for one row at a time.

    `does(row, doer)` calls a service and returns what came of it, or nothing when there was nothing
    to do; safe to repeat. `effect` says to people what will happen, to one row and to several;
    `done` what has happened. `left(row)` says why a row is left alone, and nothing if it is not.
    What `refusals` name is told to the operator; anything else is logged and told as a failure.
    With `tells`, what came of it is told too. `also(rows)` says what else it changes: `3 items`.
    """

    name: str
    permission: str
    label: str
    effect: tuple[str, str]
    done: tuple[str, str]
    does: Deed
    left: Callable[[Any], str] = _applies
    refusals: tuple[type[Exception], ...] = ()
    tells: bool = False
    also: Callable[[list[Any]], list[str]] = _nothing


class ReasonForm(forms.Form):
    """What the operator says, and the mark of this press."""

    reason = forms.CharField(
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 80, "autofocus": True}),
        help_text="Kept with your name and the time. Who looks later has only this.",
    )
    press = forms.UUIDField(widget=forms.HiddenInput)


@dataclass
class Tally:
    """How many rows were done, left, done before and refused."""

    done: int = 0
    left: int = 0
    again: int = 0
    refused: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


def counted(page: ModelAdmin[Any], count: int) -> str:
    """Return "1 run" or "2 runs"."""
    names = page.opts.verbose_name, page.opts.verbose_name_plural
    return f"{count:,} {names[0] if count == 1 else names[1]}"


def ask_or_do(
    page: Any, request: HttpRequest, verb: Verb, selected: QuerySet[Any], *, back: str = ""
) -> TemplateResponse | None:
    """Ask for a reason, or do it once there is one. `back`: where who says no goes."""
    confirmed = CONFIRMED in request.POST
    rows = list(selected.order_by("pk")[: MOST + 1])
    if not rows:
        page.message_user(request, "Nothing of what was selected is here.", messages.WARNING)
        return None
    if len(rows) > MOST:
        many = f"Choose at most {MOST} at once; more than that are selected."
        page.message_user(request, many, messages.ERROR)
        return None
    form = ReasonForm(request.POST if confirmed else None, initial={"press": uuid4()})
    if not form.is_valid():
        return _asked(page, request, verb, rows, form, back)
    doer = Doer(
        request.user.get_username(), form.cleaned_data["reason"], form.cleaned_data["press"]
    )
    _tell(page, request, verb, _done(page, verb, rows, doer))
    return None


def _asked(
    page: Any, request: HttpRequest, verb: Verb, rows: list[Any], form: ReasonForm, back: str
) -> TemplateResponse:
    reasons = [(row, verb.left(row)) for row in rows]
    takes = [row for row, why in reasons if not why]
    left = [(row, why) for row, why in reasons if why]
    request.current_app = page.admin_site.name
    context = {
        **page.admin_site.each_context(request),
        "title": verb.label,
        "opts": page.opts,
        "verb": verb,
        "form": form,
        "media": page.media,
        "rows": rows,
        "field": ACTION_CHECKBOX_NAME,
        "count": counted(page, len(takes)),
        "effect": verb.effect[len(takes) != 1],
        "also": verb.also(takes),
        "back": back or request.get_full_path(),
        "takes": takes[:SHOWN],
        "more": len(takes) - len(takes[:SHOWN]),
        "left": left[:SHOWN],
        "left_more": len(left) - len(left[:SHOWN]),
        "left_count": counted(page, len(left)),
        "stay": "stays as it is" if len(left) == 1 else "stay as they are",
    }
    return TemplateResponse(request, "operators/confirm.html", context)


def _done(page: Any, verb: Verb, rows: Iterable[Any], doer: Doer) -> Tally:
    """Do it to one row after another; what happens to one never stops the next."""
    tally = Tally()
    for row in rows:
        if verb.left(row):
            tally.left += 1
            continue
        subject = page.subject(row)
        act = acts.begin(doer, verb.permission, subject)
        if act is None:
            tally.again += 1
            continue
        try:
            outcome = verb.does(row, doer)
        except verb.refusals as refusal:
            outcome = f"refused: {refusal}"
            tally.refused.append(f"{subject.shown}: {refusal}")
        except Exception as fault:
            log.exception("verb_failed", verb=verb.permission, row=subject.object_id, by=doer.by)
            outcome = f"failed: {type(fault).__name__}"
            tally.refused.append(f"{subject.shown}: failed; the log says why")
        else:
            tally.done += bool(outcome)
            tally.left += not outcome
            tally.said += [outcome] if outcome else []
        acts.end(act, outcome or NOTHING)
    log.info("verb_done", verb=verb.permission, by=doer.by, done=tally.done, left=tally.left)
    return tally


def _tell(page: Any, request: HttpRequest, verb: Verb, tally: Tally) -> None:
    if tally.done:
        text = f"{counted(page, tally.done)} {verb.done[tally.done != 1]}."
        page.message_user(request, text, messages.SUCCESS)
        for said in tally.said[:SHOWN] if verb.tells else ():
            page.message_user(request, said, messages.INFO)
    if tally.left:
        text = f"{counted(page, tally.left)} {'was' if tally.left == 1 else 'were'} left alone."
        page.message_user(request, text, messages.WARNING)
    if tally.again:
        page.message_user(request, "This was done already, and is not done twice.", messages.INFO)
    for refusal in tally.refused[:SHOWN]:
        page.message_user(request, refusal, messages.ERROR)


__all__ = ["MOST", "Doer", "Subject", "Verb", "ask_or_do", "counted"]
