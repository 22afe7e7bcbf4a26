"""VERIFY: where a message or a token comes from, and that nobody has changed it (section 9)."""

from __future__ import annotations

from typing import Any

from host import selectors
from host.graph import merged_format
from host.states import TrustRole
from messaging import clock, keys
from messaging.documents import InvalidDocument, check_document
from messaging.syntax import is_domain, is_selector
from scripts.functions import FUNCTIONS
from scripts.language.continuation import Call
from scripts.language.errors import ScriptError
from scripts.language.values import MessageView, is_empty, to_text
from scripts.language.vocabulary import CommandSpec, Kind, Parameter
from scripts.plain import plain
from scripts.registry import Command
from scripts.step import Step


def verify(step: Step, call: Call) -> None:
    """VERIFY: prove a message, a token, or data against a schema; an error when it fails.

    What is checked is decided by what was written, never by the shape of what came: `$.Msg` is the
    message (with Key, by that key, which may then not be empty), Schema makes it data, and Token
    or nothing else a token.
    """
    arguments = call.arguments
    subject = arguments.get("Subject")
    if isinstance(subject, MessageView):
        _message(step, arguments)
    elif "Schema" in arguments:
        _data(arguments.get("Data", subject), to_text(arguments["Schema"]))
    elif "Token" in arguments or "Subject" in arguments:
        _token(step, arguments.get("Token", subject))
    else:
        raise ScriptError("VERIFY takes $.Msg, a Token, or Data and a Schema", kind="type")


def _message(step: Step, arguments: dict[str, Any]) -> None:
    if "Key" not in arguments:
        step.verify_message()
        return
    if not arguments["Key"]:
        raise _failed("the Key is empty")
    step.verify_message(arguments["Key"])


def _token(step: Step, token: Any) -> None:
    """Check structure, dates and signature of a token document, trust, and its context (9.3).

    The order is cheap to expensive. Raises ScriptError.
    """
    if not isinstance(token, dict):
        raise _failed("this is not a token")
    document = plain(dict(token))
    issuer, selector = document.get("Issuer"), document.get("DKIM")
    if not is_domain(issuer) or not is_selector(selector):
        raise _failed("the token does not say who signed it")
    key = keys.document_key(issuer, selector)
    if key is None:
        raise _failed(f"no key of {issuer} under {selector} is known here")
    try:
        check_document(document, key, clock.now(), issuer=issuer, token=str(document.get("Token")))
    except InvalidDocument as bad:
        raise _failed(str(bad)) from None
    trusted = selectors.trusts(step.domain, issuer, document["Schema"], TrustRole.VAULT)
    if not trusted.trusted:
        raise _failed(f"{issuer} is not trusted for {document['Schema']}")
    known = selectors.schema_by_code(document["Schema"])
    if known is not None:
        _data(document.get("Context", {}), document["Schema"])


def _data(data: Any, schema: str) -> None:
    if is_empty(schema):
        raise _failed("the Schema is empty")
    found = selectors.schema_by_code(schema)
    if found is None:
        raise _failed(f"the schema {schema[:80]} is not known here")
    if not FUNCTIONS["Conforms"].call(None, data, merged_format(found)):
        raise _failed(f"the data does not conform to {schema[:80]}")


def _failed(why: str) -> ScriptError:
    return ScriptError(f"VERIFY: {why}", kind="refused")


VERIFY = Command(
    CommandSpec(
        word="VERIFY",
        main="Subject",
        parameters=(
            Parameter("Subject", Kind.VALUE, about="$.Msg, a token, or data with a Schema"),
            Parameter("Key", Kind.VALUE, about="the key that must have signed the message"),
            Parameter("Token", Kind.VALUE, about="a token document"),
            Parameter("Data", Kind.VALUE, about="what must conform to the Schema"),
            Parameter("Schema", Kind.VALUE, about="the code of a schema"),
        ),
        about="Insist that a message or token is genuine, or that data is as its schema says.",
    ),
    verify,
)
