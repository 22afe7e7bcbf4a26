"""What anybody may ask a domain hosted here: its manifest, titles, schemas and trust lists.

These are the Graph's answers (protocol appendix A) from local rows. The calls are messages, so that
a Graph elsewhere can take over.
"""

from __future__ import annotations

from typing import Any

from host import selectors
from host.models import Manifest, Schema, Trust
from host.states import TrustRole
from messaging import feedback
from messaging.canonical import NotCanonical, canonical_bytes
from messaging.models import HostedDomain
from messaging.registry import Mode, Sender, Subject
from messaging.syntax import format_time, is_domain, is_schema
from scripts.errors import missing, refused
from scripts.registry import Dataset, Row, Write

# As the reference library writes and reads it.
SCHEMA_KEY = "\U0001f91d"
MANIFEST_SCHEMA = "pollyweb.org/MANIFEST:1.0"
LANGUAGE = "en-us"
DEEPEST = 8  # how far a schema's Inherits are followed

ANYBODY = frozenset({Sender.DOMAIN, Sender.UNSIGNED})
SUBJECTS = {
    name: Subject(name, Mode.SYNC, ANYBODY, public=True)
    for name in ("Manifest@Domain", "About@Graph", "Schema@Graph", "Trusts@Graph")
}
SUBJECTS[feedback.SUBJECT] = Subject(feedback.SUBJECT, Mode.ASYNC, frozenset({Sender.DOMAIN}))


def read_manifest(domain: str, key: Any) -> Row | None:
    """Read by domain name, or an empty key for the domain that is asked itself."""
    name = str(key or domain).lower()
    hosted = HostedDomain.objects.filter(name=name).first()
    if hosted is None:
        return None
    manifest = selectors.manifest_of(name) or Manifest(domain=name, title=hosted.title or name)
    about = {"Domain": name, "Language": manifest.language} | _about(manifest)
    fields: dict[str, Any] = {SCHEMA_KEY: MANIFEST_SCHEMA, "About": about}
    trusts = [_trust(row) for row in Trust.objects.filter(domain=name).order_by("pk")]
    if trusts:
        # The documents call the section Trusts, the reference library reads Trust.
        fields |= {"Trusts": trusts, "Trust": trusts}
    # Who discards a message of ours after it was acknowledged tells us so here (protocol 2.6).
    return Row(key=name, fields={"Buffer": name, **manifest.sections, **fields})


def _about(manifest: Manifest) -> dict[str, str]:
    fields = {
        "Title": manifest.title,
        "Description": manifest.description,
        "SmallIcon": manifest.small_icon,
        "BigIcon": manifest.big_icon,
        "Emoji": manifest.emoji,
    }
    return {name: text for name, text in fields.items() if text}


def _trust(row: Trust) -> dict[str, Any]:
    fields: dict[str, Any] = {"Title": row.title, "Action": row.action}
    lists = {"Roles": row.roles, "Queries": row.queries, "Domains": row.domains}
    fields |= {name: entries for name, entries in lists.items() if entries}
    if row.expires_at is not None:
        fields["Expires"] = format_time(row.expires_at)
    return fields


def read_about(domain: str, key: Any) -> Row | None:
    """Read {Domain, Language}: what a domain is called, in a language if it is known."""
    name, language = str(key.get("Domain") or "").lower(), str(key.get("Language") or LANGUAGE)
    manifest = selectors.manifest_of(name)
    title = selectors.title_of(name, language)
    if manifest is None:
        hosted = HostedDomain.objects.filter(name=name).first()
        if hosted is None and title == name:
            return None
        manifest = Manifest(domain=name, title=(hosted and hosted.title) or title)
    fields = _about(manifest)
    if title != name and language.lower() != manifest.language.lower():
        fields["Title"] = title
    return Row(key=name, fields=fields)


def read_schema(domain: str, key: Any) -> Row | None:
    """Read {Schema, Language}: a schema kept here, with what it inherits merged into Format.

    Raises ScriptError for one that no answer can carry, because it holds a decimal, say.
    """
    code = str(key.get("Schema") or "")
    schema = selectors.schema_by_code(code) if is_schema(code) else None
    if schema is None:
        return None
    full = f"{schema.code}:{schema.version}"
    title = selectors.title_of(full, str(key.get("Language") or LANGUAGE))
    merged = merged_format(schema)
    try:
        canonical_bytes(merged)
    except NotCanonical as error:
        raise refused(f"the Format of {full} cannot be signed: {error}") from None
    return Row(
        key=full,
        fields={
            "Title": schema.title if title == full else title,
            "Description": schema.description,
            "Version": schema.version,
            "Inherits": schema.inherits,
            "Location": schema.location,
            "Format": merged,
        },
    )


def merged_format(schema: Schema, left: int = DEEPEST) -> dict[str, Any]:
    """Return a schema's Format with the properties and requirements of those it inherits.

    What is nearer wins. A schema that is not kept here adds nothing, nor one beyond a cycle.
    """
    merged: dict[str, Any] = {}
    for code in schema.inherits if left else []:
        parent = selectors.schema_by_code(str(code))
        if parent is not None:
            merged = _over(merged, merged_format(parent, left - 1))
    return _over(merged, schema.format)


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    united = below | above
    properties = below.get("properties", {}) | above.get("properties", {})
    required = list(dict.fromkeys([*below.get("required", []), *above.get("required", [])]))
    if properties:
        united["properties"] = properties
    if required:
        united["required"] = required
    return united


def read_trust(domain: str, key: Any) -> Row:
    """Read {Truster, Trusted, Role, Schema}: whether the first trusts the second, and why.

    Raises ScriptError for names that are none, and an unknown Role.
    """
    names = ("Truster", "Trusted", "Schema")
    truster, trusted, schema = (str(key.get(name) or "") for name in names)
    role = str(key.get("Role") or TrustRole.ANY).upper()
    if not (is_domain(truster) and is_domain(trusted) and is_schema(schema)):
        raise refused("give Truster, Trusted and Schema")
    if role not in TrustRole.values:
        raise refused("Role is VAULT, CONSUMER or ANY")
    verdict = selectors.trusts(truster, trusted, schema, role)
    return Row(
        key=truster,
        fields={"Trusted": verdict.trusted, "Paths": [list(path) for path in verdict.paths]},
    )


def insert_feedback(write: Write) -> Row:
    """Take what a receiver says of a message of ours: it was discarded. Raises ScriptError."""
    fields = write.fields
    kind, _, receiver = write.origin.partition(":")
    correlation, reason = str(fields["Correlation"]), str(fields.get("Reason") or "")
    found = kind == "domain" and feedback.note(
        sender=str(fields["Sender"]), receiver=receiver, correlation=correlation, reason=reason
    )
    if not found:
        raise missing("the message")
    return Row(key=correlation, fields={"Correlation": correlation})


DATASETS = {
    "Buffer.Feedbacks": Dataset(read=lambda domain, key: None, insert=insert_feedback),
    "Graph.Manifests": Dataset(read=read_manifest),
    "Graph.Abouts": Dataset(read=read_about),
    "Graph.Schemas": Dataset(read=read_schema),
    "Graph.Trusts": Dataset(read=read_trust),
}
