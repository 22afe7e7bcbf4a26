"""What texts are, and what they spell."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.scripts.functions.check import check, refuse

PDF = base64.b64encode(b"%PDF-1.7 x").decode()
PEM = "-----BEGIN PUBLIC KEY-----\nMCowBQ==\n-----END PUBLIC KEY-----\n"
ROWS: list[tuple[str, Any]] = [
    ("$d.IsDomain", True),
    (".IsDomain(localhost)", False),
    (".IsDomain('a..test')", False),
    ("$t.IsDomain", False),
    ("$e.IsDomain", False),
    ("$u.IsUUID", True),
    (".IsUUID('5F2B8C52-6A0A-4C0F-8A0E-4E2F6F0A1002')", False),
    ("$t.IsUUID", False),
    ("$n.IsUUID", False),
    ("$e.IsUUID", False),
    ("$s.IsSchema", True),
    (".IsSchema('library.test/CARD:1.2')", True),
    (".IsSchema(PALM/16+)", False),
    ("$e.IsSchema", False),
    ("$t.IsLanguage", False),
    (".IsLanguage(pt-br)", True),
    (".IsLanguage(en)", True),
    ("$e.IsLanguage", False),
    (".IsLocator('.HOST,library.test,card')", True),
    (".IsLocator('.HOST,library.test,card,page=2')", True),
    (".IsLocator('.HOST,library.test,card,page')", False),
    (".IsLocator(card)", False),
    ("$e.IsLocator", False),
    (".IsURL('https://library.test/a?b=c')", True),
    (".IsURL('https://library.test:8443/')", True),
    (".IsURL('http://library.test/')", False),
    (".IsURL('https://bob@library.test/')", False),
    (".IsURL('https://library.test:x/')", False),
    (".IsURL('javascript:alert(1)')", False),
    ("$e.IsURL", False),
    (".IsBase64(TWFwcw==)", True),
    (".IsBase64(TWFwcw)", False),
    (".IsBase64('not base64!')", False),
    ("$e.IsBase64", False),
    ("$pdf.IsPDF", True),
    (".IsPDF(TWFwcw==)", False),
    ("$e.IsPDF", False),
    ("$pem.IsPEM", True),
    (".IsPEM(MCowBQ==)", False),
    ("$e.IsPEM", False),
    ("$emoji.IsEmoji", True),
    (".IsEmoji('👨‍👩‍👧')", True),
    (".IsEmoji('🇵🇹')", True),
    (".IsEmoji('1️⃣')", True),
    (".IsEmoji('👍👍')", False),
    (".IsEmoji(1)", False),
    (".IsEmoji('é')", False),
    ("$e.IsEmoji", False),
    ("$d.Domain.Name", "library.test"),
    ("$d.Domain.Is(library.test)", True),
    ("$e.Domain", None),
    ("$s.Schema().Path", "HOST/BOOKING"),
    ("$s.Schema().Authority", "pollyweb.org"),
    ("$s.Schema().Version", "1.0"),
    (".Schema('library.test/CARD:2.1').Version", "2.1"),
    (".Locator('.HOST,library.test,card,page=2').Key", "card"),
    (".Locator('.HOST,library.test,card,page=2').Inputs.page", "2"),
    (".Locator('.HOST,library.test').Key", ""),
    (".Locator('.ALIAS,library.test,x').IsAlias", True),
    ("$t.Length", 4),
    ("$emoji.Length", 1),
    ("$family.Length", 4),
    (".Length('Žluťoučký kůň')", 13),
    (".Length('e\u0301a')", 2),
    (".Length('東京')", 2),
    (".Length('한국')", 2),
    (".Length('नमस्ते')", 3),
    ("$m.Length", 2),
    ("$l.Length", 2),
    ("$n.Length", 1),
    ("$e.Length", 0),
    ("$blank.Length", 0),
    ("$books.Size", 3),
    ("$l.Markdown", "- a\n- b"),
    ("$m.Markdown", "- A: 1\n- B: 2"),
    (".Markdown({A: [1, 2]})", "- A:\n  - 1\n  - 2"),
    ("$t.Markdown", "Maps"),
    ("$e.Markdown", ""),
    ("$kept.Translate", "Book Maps now"),
    ("$kept.Translate(en, pt)", "Book Maps now"),
    ("$e.Translate", None),
]
REFUSALS: list[tuple[str, str]] = [
    ("$t.Schema()", "'Maps' is not a schema code"),
    ("$n.Schema()", ".Schema reads the text of a schema code, not a number"),
    ("$t.Locator()", "'Maps' is not a locator"),
    ("$t.Domain()", "'Maps' is not a domain name"),
    ("$l.Domain()", ".Domain reads the text of a domain name, not a list"),
]


@pytest.mark.parametrize(("expression", "expected"), ROWS)
def test_function(expression: str, expected: Any) -> None:
    check(expression, expected, pdf=PDF, pem=PEM, kept="Book ´Maps´ now")


@pytest.mark.parametrize(("expression", "message"), REFUSALS)
def test_function_refuses(expression: str, message: str) -> None:
    refuse(expression, message)
