"""What the issuer, the broker and the wallets hold at the end, compared token by token."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from config.faults.agreed import AGREED


@dataclass
class Verdict:
    """How the offers ended, and every violation in one line."""

    ends: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)

    @property
    def tokens(self) -> int:
        return self.ends.total()


def judge(issuer: dict[str, Any], broker: dict[str, Any], people: list[dict[str, Any]]) -> Verdict:
    """Compare both deployments' rows with what the wallets report."""
    verdict = Verdict()
    held: dict[str, Any] = {}
    lines: dict[str, list[str]] = {}
    for report in people:
        held.update(report["Tokens"])
        lines.update(report["Chats"])
        verdict.violations += report["Problems"]
    for token, row in issuer["Tokens"].items():
        _judge_token(verdict, token, row, broker["Tokens"].get(token), held.get(token), lines)
    for token in (set(broker["Tokens"]) | set(held)) - set(issuer["Tokens"]):
        verdict.violations.append(f"{token}: nobody issued it")
    for chat, said in lines.items():
        if len(said) > 1:
            verdict.violations.append(f"chat {chat} was ended {len(said)} times: {said}")
    for name, side in (("issuer", issuer), ("broker", broker)):
        _judge_rest(verdict, name, side)
    return verdict


def _judge_token(
    verdict: Verdict,
    token: str,
    row: dict[str, Any],
    mirror: dict[str, Any] | None,
    kept: dict[str, Any] | None,
    lines: dict[str, list[str]],
) -> None:
    state, status = (None, None) if mirror is None else (mirror["State"], mirror["Status"])
    seen = (row["State"], row["Status"], state, status, kept is not None)
    end = AGREED.get(seen)
    if end is None:
        verdict.violations.append(f"{token} of {row['Domain']}: they say {seen}")
        return
    verdict.ends[end] += 1
    if kept is not None and not kept["Valid"]:
        verdict.violations.append(f"{token}: the wallet's document does not verify")
    if kept is not None and kept["Status"] != row["Status"]:
        verdict.violations.append(f"{token}: {row['Status']}, but its holder sees {kept['Status']}")
    if len(row["Ends"]) != 1:
        verdict.violations.append(f"{token}: decided as {row['Ends']}")
    said = lines.get(row["Chat"], [])
    if said and (said == ["DONE"]) != (end == "accepted"):
        verdict.violations.append(f"{token}: {end}, and the talker said {said}")


def _judge_rest(verdict: Verdict, name: str, side: dict[str, Any]) -> None:
    """Nothing may be on its way, stuck or given up."""
    for what in ("Live", "Quarantined", "Due", "Dead"):
        if side[what]:
            counted = ", ".join(f"{n}x {each}" for each, n in Counter(side[what]).most_common(5))
            verdict.violations.append(f"{name}: {len(side[what])} {what.lower()}: {counted}")
    if side["Unhandled"]:
        verdict.violations.append(f"{name}: {side['Unhandled']} messages were never handled")
