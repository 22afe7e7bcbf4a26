"""docs/scripts.md: a script reads on the token's row why nobody took it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

from host.models import Prompt
from host.services import save_talker
from issuer.models import Token
from issuer.services import withdraw_offer
from tests.parties import send_as
from tests.person import Person
from tests.pump import pump

GUIDE = Path(settings.BASE_DIR) / "docs" / "scripts.md"
WRITTEN = r"```yaml\n# \S+\n(💬 Seat, with a reason:.*?)```"
[EXAMPLE] = re.findall(WRITTEN, GUIDE.read_text(), re.DOTALL)
CODE = """- READ >> $offer:
    Set: Issuer.Tokens
    Key: $id
- DONE "{$offer.Reason} {$offer.Code}"
"""


def talker(source: str) -> str:
    save_talker(domain="theatre.test", key="why", title="Why", source=source)
    return ".HOST,theatre.test,why"


def last_line() -> str:
    return str(Prompt.objects.filter(chat__domain="theatre.test").latest("created_at").text)


def test_example_of_the_guide_tells_a_refusal_from_a_no(alice: Person) -> None:
    chat = alice.open(talker(EXAMPLE))
    alice.answer_last(chat, Result="NO")
    assert last_line() == "No ticket then."


@pytest.mark.parametrize("end", ["REFUSED CHAT_ENDED", "WITHDRAWN "])
def test_script_reads_the_reason_and_the_code(alice: Person, end: str) -> None:
    alice.open(talker(EXAMPLE.partition("- READ")[0] + CODE))
    token = str(Token.objects.get().pk)
    reason, _, code = end.partition(" ")
    if code:
        word = {"Token": token, "Answer": "DECLINED", "Reason": reason, "Code": code}
        send_as("broker.test", "theatre.test", "Offered@Issuer", word)
    else:
        withdraw_offer(token, origin="operator:ada", why="sold")
    pump()
    assert last_line() == end
