"""GRAPH, TRUSTS and TRANSLATE: what the helpers know, from local rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from host import graph, selectors
from host.options import KEEP
from messaging import keys
from messaging.syntax import is_domain, is_schema, normalise_schema
from scripts.errors import refused
from scripts.language.continuation import Call
from scripts.language.errors import ScriptError
from scripts.language.values import is_empty, to_text
from scripts.language.vocabulary import CommandSpec, Kind, Parameter
from scripts.registry import Command, Row
from scripts.step import Step


def language_of(step: Step) -> str:
    """Return the language of the run's chat, or the default one outside chats."""
    return str((step.chat and step.chat["Language"]) or graph.LANGUAGE)


def read_form(domain: str, key: Any) -> Row | None:
    """Read {Domain, Form, Language}: a form of a domain's manifest."""
    name, form = to_text(key.get("Domain") or domain).lower(), to_text(key.get("Form"))
    found = selectors.form_of(name, form, to_text(key.get("Language")))
    if found is None:
        return None
    fields = {"Title": found.title, "Details": found.details, "Steps": found.steps}
    return Row(key=form, fields=fields)


def read_key(domain: str, key: Any) -> Row | None:
    """Read {Domain, DKIM}: a key that was ever seen here, without asking DNS."""
    name, selector = to_text(key.get("Domain")).lower(), to_text(key.get("DKIM"))
    found = keys.document_key(name, selector) if is_domain(name) and selector else None
    if found is None:
        return None
    return Row(key=selector, fields={"Algorithm": found.algorithm, "PublicKey": found.spki})


SUBJECTS: dict[str, Callable[[str, Any], Row | None]] = {
    "About": graph.read_about,
    "Form": read_form,
    "PublicKey": read_key,
    "Schema": graph.read_schema,
    "Trusts": graph.read_trust,
}


def ask_graph(step: Step, call: Call) -> dict[str, Any]:
    """GRAPH subject >> $r: ask the graph helper. Raises ScriptError when it knows nothing."""
    subject = to_text(call.arguments.get("Subject")).strip().removesuffix("@Graph")
    read = SUBJECTS.get(subject)
    if read is None:
        raise refused(f"GRAPH has no subject {subject[:40]}: it is one of {', '.join(SUBJECTS)}")
    given = call.arguments.get("Fields") or {}
    # A field of the question that is named like our own parameter is written `.Error`.
    fields = {name.removeprefix("."): value for name, value in given.items()}
    usual = {"Language": language_of(step), "Truster": step.domain}
    row = read(step.domain, {**usual, **fields})
    if row is None:
        what = " ".join(to_text(value) for value in fields.values())[:100]
        said = to_text(call.arguments.get("Error"))
        raise ScriptError(said or f"unknown {subject}: {what}", kind="missing", said=said)
    return row.fields


def trusts(step: Step, call: Call) -> bool:
    """TRUSTS d: whether the Truster (this domain) trusts d for a Schema; an error when it does not.

    With an output nothing is raised, and the answer is true or false.
    """
    names = ("Trusted", "Schema", "Truster", "Role")
    fields = {name: to_text(call.arguments.get(name)) for name in names}
    found = graph.read_trust(step.domain, {**fields, "Truster": fields["Truster"] or step.domain})
    trusted = bool(found.fields["Trusted"])
    if not trusted and not call.has_output:
        said = to_text(call.arguments.get("Error"))
        why = said or f"{fields['Trusted']} is not trusted"
        raise ScriptError(why, kind="refused", said=said)
    return trusted


def translate(step: Step, call: Call) -> Any:
    """TRANSLATE: what domains and schemas are called in a language; their names if unknown.

    Texts stay as they are but for the marks of words to keep: this release has no translator.
    """
    arguments = call.arguments
    subject = arguments.get("Text")
    if isinstance(subject, dict):
        names = [to_text(name) for name in arguments.get("All") or list(subject)]
        changes = {name: _plain(subject[name]) for name in names if name in subject}
        return {**subject, **changes}
    language = to_text(arguments.get("To")) or language_of(step)
    titles: dict[str, Any] = {}
    for name, called in (("Domain", _domain_title), ("Schema", _schema_title)):
        value = arguments.get(name)
        if isinstance(value, list):
            titles[name] = [called(to_text(part), language) for part in value]
        elif not is_empty(value):
            titles[name] = called(to_text(value), language)
    if not is_empty(subject):
        titles["Text"] = _plain(subject)
    return titles


def _plain(value: Any) -> Any:
    return value.replace(KEEP, "") if isinstance(value, str) else value


def _domain_title(domain: str, language: str) -> str:
    return selectors.title_of(domain.lower(), language)


def _schema_title(schema: str, language: str) -> str:
    if not is_schema(schema):
        raise ScriptError(f"{schema[:80]!r} is not a schema", kind="type")
    return selectors.title_of(normalise_schema(schema), language)


WORDS = {
    "GRAPH": Command(
        CommandSpec(
            word="GRAPH",
            main="Subject",
            rest="Fields",
            parameters=(
                Parameter("Subject", Kind.NAME, required=True, about="one of About, Form, ..."),
                Parameter("Error", Kind.TEMPLATE, about="what to say when nothing is known"),
            ),
            about="Ask the graph helper about a domain, a form, a key, a schema or trust.",
        ),
        ask_graph,
    ),
    "TRUSTS": Command(
        CommandSpec(
            word="TRUSTS",
            main="Trusted",
            parameters=(
                Parameter("Trusted", Kind.VALUE, required=True, about="the domain to be trusted"),
                Parameter("Schema", Kind.VALUE, required=True, about="for what"),
                Parameter("Truster", Kind.VALUE, about="who trusts; this domain if not given"),
                Parameter("Role", Kind.VALUE, about="VAULT, CONSUMER or ANY"),
                Parameter("Error", Kind.TEMPLATE, about="what to say when it is not trusted"),
            ),
            about="Insist that a domain is trusted for a schema; with >>, say whether it is.",
        ),
        trusts,
    ),
    "TRANSLATE": Command(
        CommandSpec(
            word="TRANSLATE",
            main="Text",
            changes="Text",
            parameters=(
                Parameter("Text", Kind.TEMPLATE, about="a text, or a map to change in place"),
                Parameter("Domain", Kind.VALUE, aliases=("Domains",), about="to be named"),
                Parameter("Schema", Kind.VALUE, aliases=("Schemas",), about="to be named"),
                Parameter("All", Kind.LIST, about="which fields of the map"),
                Parameter("From", Kind.VALUE, about="the language of the text"),
                Parameter("To", Kind.VALUE, about="a language; the chat's if not given"),
            ),
            about="Give what domains and schemas are called in a language.",
        ),
        translate,
    ),
}
