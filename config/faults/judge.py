"""The oracle: what the issuer, the broker and the wallets hold afterwards, compared.

Nothing here asks the engine how it went. The two domains' own tables, the messages between them and
the wallets' folders must tell one story (invariants I1 to I11 of the fault plan).
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db.models import Count, F, Max

from broker.models import Token as BrokerToken
from config.faults.agreed import AGREED
from config.faults.scene import ISSUER
from issuer.models import Token, TokenEvent
from messaging.models import InboxMessage, OutboxMessage
from scripts.language.values import decode
from scripts.models import Run
from scripts.selectors import untold_runs, unwakeable_runs
from scripts.states import LIVE, RunState

# What a person, or a repeat of their message, may be refused: the rows have decided otherwise.
MAY_FAIL = {"Reply@Host", "Prompted@Host", "Issued@Issuer", "Saved@Broker"}
# Sent once for each offer.
ONCE = ("Issue@Broker", "Offered@Issuer", "Save@Notifier")


@dataclass
class Verdict:
    """What was found; each list holds one line a violation."""

    flows: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    disagreements: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)

    @property
    def violations(self) -> list[str]:
        return [*self.lost, *self.doubled, *self.disagreements, *self.stuck]


@dataclass(frozen=True)
class Holding:
    """What the wallets' folders hold: tokens by id, and the closing lines read, by order."""

    tokens: dict[str, str]
    lines: Counter[str]


def holdings(folders: Iterable[Path]) -> Holding:
    """Read wallets' folders: their own ledger, which no process of ours writes."""
    tokens: dict[str, str] = {}
    lines: Counter[str] = Counter()
    for folder in folders:
        for path in folder.glob("tokens/*/*.json"):
            document = json.loads(path.read_text(encoding="utf-8"))["Document"]
            tokens[document["Token"]] = document["Context"]["Order"]
        for path in folder.glob("chats/*.json"):
            prompts = json.loads(path.read_text(encoding="utf-8"))["Prompts"].values()
            lines.update(p["Text"] for p in prompts if p["Text"].startswith("Order "))
    return Holding(tokens, lines)


def judge(orders: Iterable[int], wallets: Iterable[Path]) -> Verdict:
    """Judge acknowledged `orders` after everything has come to rest, with the wallets' folders."""
    verdict = Verdict()
    held = holdings(wallets)
    tokens: dict[str, list[Token]] = defaultdict(list)
    for token in Token.objects.all():
        tokens[str(token.context["Order"])].append(token)
    mirrored = {str(row.token): row for row in BrokerToken.objects.filter(issuer=ISSUER)}
    runs: dict[str, list[Run]] = defaultdict(list)
    for run in Run.objects.filter(script="Order", domain=ISSUER):
        runs[run.trigger.partition(" ")[0]].append(run)
    for number in orders:
        verdict.flows += 1
        started, offers = runs[f"order:{number}"], tokens.get(str(number), [])
        if len(started) > 1:
            verdict.doubled.append(f"order {number}: started {len(started)} times (I1)")
        first = started[0] if started else None
        _judge_order(verdict, number, first, offers, mirrored, held)
    _judge_lines(verdict, held)
    _judge_phantoms(verdict, held, mirrored)
    _judge_runs(verdict)
    _judge_messages(verdict)
    judge_liveness(verdict)
    return verdict


def _judge_order(
    verdict: Verdict,
    number: int,
    run: Run | None,
    offers: list[Token],
    mirrored: dict[str, BrokerToken],
    held: Holding,
) -> None:
    name = f"order {number}"
    if run is None:
        verdict.lost.append(f"{name}: acknowledged, and no run (I1)")
    elif run.state != RunState.DONE:
        verdict.lost.append(f"{name}: its run is {run.state} {run.error[:100]} (I2)")
    elif not offers:
        verdict.lost.append(f"{name}: nothing was issued (I5)")
    elif len(offers) > 1:
        verdict.doubled.append(f"{name}: issued {len(offers)} times (I7)")
    else:
        _judge_ends(verdict, name, run, offers[0], mirrored.get(str(offers[0].pk)), held)


def _judge_ends(
    verdict: Verdict,
    name: str,
    run: Run,
    token: Token,
    mirror: BrokerToken | None,
    held: Holding,
) -> None:
    """Compare the script's result, both domains' rows and the wallet."""
    holds = str(token.pk) in held.tokens
    state, status = (None, None) if mirror is None else (str(mirror.state), mirror.status)
    seen = (str(token.state), token.status, state, status, holds)
    end = AGREED.get(seen)
    result: Any = decode(run.result)
    if end is None:
        verdict.disagreements.append(f"{name}: issuer, broker and wallet say {seen}")
        return
    verdict.ends[end] += 1
    if (result["Token"] == str(token.pk)) != (end == "accepted"):
        verdict.disagreements.append(f"{name}: {end}, but the script was told {result} (I10)")
    states = set(
        TokenEvent.objects.filter(token=token, kind="STATE").values_list("value", flat=True)
    )
    if len(states & {"ACCEPTED", "DECLINED", "EXPIRED"}) != 1:
        verdict.doubled.append(f"{name}: decided as {sorted(states)} (I8)")


def _judge_lines(verdict: Verdict, held: Holding) -> None:
    """What the script says after it resumed is read once, by whom it concerns."""
    for line, times in held.lines.items():
        if times > 1:
            verdict.doubled.append(f"the person reads {line!r} {times} times (I7)")


def _judge_phantoms(verdict: Verdict, held: Holding, mirrored: dict[str, BrokerToken]) -> None:
    issued = {str(pk) for pk in Token.objects.values_list("pk", flat=True)}
    for where, found in (("a wallet", held.tokens), ("the broker", mirrored)):
        for token in set(found) - issued:
            verdict.disagreements.append(f"{where} has {token}, which nobody issued (I9)")


def _judge_runs(verdict: Verdict) -> None:
    live = Run.objects.filter(state__in=LIVE)
    for run in live:
        verdict.lost.append(f"{run.script} {run.trigger}: still {run.state} (I2)")
    ours = Run.objects.exclude(script__in=["Poison", "Killer"])
    for run in ours.filter(state=RunState.QUARANTINED):
        verdict.lost.append(f"{run.script} {run.trigger}: quarantined, {run.error[:100]} (I6)")
    for run in ours.filter(state=RunState.FAILED).exclude(script__in=MAY_FAIL):
        verdict.lost.append(f"{run.script} {run.trigger}: failed, {run.error[:100]} (I2)")
    counted = Run.objects.annotate(last=Max("events__rev"), logged=Count("events__rev"))
    for run in counted.exclude(rev=0).exclude(rev=F("last"), logged=F("rev")):
        verdict.doubled.append(f"{run.script} {run.trigger}: revision {run.rev}, another log (I11)")


def _judge_messages(verdict: Verdict) -> None:
    """What was owed has arrived, once; what arrived was owed."""
    sent: dict[str, OutboxMessage] = {}
    causes: Counter[tuple[str, str]] = Counter()
    for message in OutboxMessage.objects.all():
        sent[f"{message.sender} {message.correlation}"] = message
        if message.subject in ONCE:
            causes[message.subject, str(message.body["Token"])] += 1
    for (subject, token), times in causes.items():
        if times > 1:
            verdict.doubled.append(f"{subject} of {token} was sent {times} times (I7)")
    received = {message.repeat_key: message for message in InboxMessage.objects.all()}
    for key, message in sent.items():
        if message.state == "SENT" and key not in received:
            verdict.lost.append(f"{message.subject} {key}: marked sent, never received (I4)")
        elif message.state == "DUE" or (message.state == "DEAD" and not _expired(message)):
            verdict.lost.append(
                f"{message.subject} {key}: {message.state} {message.last_error} (I4)"
            )
    for key, arrived in received.items():
        if arrived.sender in (ISSUER, "broker.test", "notifier.test") and key not in sent:
            verdict.disagreements.append(f"{arrived.subject} {key}: received, never sent (I9)")
        if arrived.state == "RECEIVED":
            verdict.lost.append(f"{arrived.subject} {key}: received, never handled (I3)")


def _expired(message: OutboxMessage) -> bool:
    """A message may be given up at its own deadline, and not before."""
    ended, limit = message.finished_at, message.expires_at
    return ended is not None and limit is not None and ended >= limit


def judge_liveness(verdict: Verdict) -> None:
    """Add what nobody will ever wake, or was never told (I12)."""
    for run in unwakeable_runs():
        verdict.stuck.append(f"{run.script} {run.trigger}: nobody will wake it (I12)")
    for run in untold_runs():
        verdict.stuck.append(f"{run.script} {run.trigger}: answered, and nobody was told (I12)")


def resume_seconds() -> dict[int, float]:
    """Return, by order, the seconds from the broker's word stored at the issuer to the commit of
    the segment with which its script went on."""
    said = {
        str(message.envelope["Body"]["Token"]): message.received_at
        for message in InboxMessage.objects.filter(subject="Offered@Issuer").order_by("-id")
    }
    ended = {
        run.trigger: run.finished_at
        for run in Run.objects.filter(script="Order", state=RunState.DONE)
    }
    found: dict[int, float] = {}
    for token in Token.objects.filter(state__in=["ACCEPTED", "DECLINED"]):
        number = token.context["Order"]
        word, end = said.get(str(token.pk)), ended.get(f"order:{number}")
        if word is not None and end is not None:
            found[int(number)] = (end - word).total_seconds()
    return found
