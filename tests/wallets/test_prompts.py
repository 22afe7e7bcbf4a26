"""What the Python wallet takes over of a host's answer, and what its terminal makes of choices."""

from __future__ import annotations

from typing import Any

import pytest

from host.states import STATUS_FORMATS, Format
from wallets.client.__main__ import on_terminal
from wallets.client.errors import Untrusted
from wallets.client.prompts import INPUTS, STATUS, read_content

OPTIONS = [{"ID": "R", "Title": "Red"}, {"ID": "W", "Title": "White"}]


def test_wallet_knows_every_format() -> None:
    assert set(map(str, Format)) == STATUS | INPUTS
    assert set(map(str, STATUS_FORMATS)) == STATUS


def test_content_is_taken_over_and_nothing_else() -> None:
    told: dict[str, Any] = {
        "Text": "How many?",
        "Default": ["R"],
        "MinValue": "1",
        "Precision": 2,
        "Nullable": True,
        "Options": [*OPTIONS, {"ID": "G", "Title": "Gym", "Locator": ".HOST,gym.test,join"}],
    }
    assert read_content({**told, "Sender": "x", "Sent": "y", "Format": "INFO"}) == told


def test_what_is_malformed_is_left_out_or_refused() -> None:
    odd = {"Text": "T", "MinValue": 1, "Precision": True, "Nullable": "yes", "Default": 3}
    assert read_content(odd) == {"Text": "T"}
    with pytest.raises(Untrusted):
        read_content({"Text": "T", "Options": [{"ID": 1}]})


@pytest.mark.parametrize(
    ("format", "typed", "answer"),
    [
        ("MANY", "2 1", ["W", "R"]),
        ("MANY", "", []),
        ("MANY", "R", ["R"]),
        ("ONE", "2", "W"),
        ("ONE", "9", "9"),
        ("STARS", "4", "4"),
    ],
)
def test_terminal(monkeypatch: pytest.MonkeyPatch, format: str, typed: str, answer: object) -> None:
    monkeypatch.setattr("builtins.input", lambda _: typed)
    options = [] if format == "STARS" else OPTIONS
    prompt = {"Emoji": "x", "Text": "T", "Format": format, "Options": options}
    assert on_terminal(None, prompt) == {"Result": "OK", "Answer": answer}  # type: ignore[arg-type]
