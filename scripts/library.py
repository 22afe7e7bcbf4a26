"""Script files: compiled once, pinned by hash together with everything they call."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache, partial
from pathlib import Path

from django.db import transaction
from django.db.models import QuerySet

from messaging import clock
from messaging import registry as messages
from scripts.errors import UnknownScript
from scripts.functions import FUNCTIONS
from scripts.language.compiler import ABI, CompiledFile, compile_file
from scripts.language.errors import LoadErrors, ScriptSyntaxError
from scripts.language.vocabulary import Vocabulary
from scripts.lint import file_faults, handler_faults
from scripts.models import ScriptVersion
from scripts.registry import registry

SYSTEM_HOLDERS = frozenset({"Msg", "Chat", "Hosted", "Inputs", "Script", "Holders"})


@dataclass(frozen=True)
class Version:
    """A compiled file with the versions of the scripts it calls elsewhere (name -> hash)."""

    hash: str
    name: str
    source: str
    file: CompiledFile
    links: dict[str, str] = field(default_factory=dict)


@dataclass
class Shelf:
    """The scripts shipped with the roles, loaded at start; `dotted` ones may be called by all."""

    by_name: dict[tuple[str, str], Version] = field(default_factory=dict)
    dotted: dict[str, Version] = field(default_factory=dict)
    by_hash: dict[str, Version] = field(default_factory=dict)


shelf = Shelf()


def vocabulary() -> Vocabulary:
    """Return the words that scripts of this deployment may use."""
    return Vocabulary(
        commands={word: command.spec for word, command in registry.commands.items()},
        functions=FUNCTIONS,
        system_holders=SYSTEM_HOLDERS,
    )


def _called(file: CompiledFile) -> set[str]:
    """Return the names a file calls elsewhere, by RUN or through a command that enters a script."""
    words = {word for script in file.scripts.values() for word in script.words()}
    entered = {
        name
        for word in words
        if word in registry.commands
        for name in registry.commands[word].calls
    }
    return (file.calls | entered) - set(file.scripts)


def _version(file: CompiledFile, name: str, source: str, links: dict[str, str]) -> Version:
    text = json.dumps([ABI, source, sorted(links.items())], ensure_ascii=False)
    return Version(hashlib.sha256(text.encode()).hexdigest(), name, source, file, links)


def compile_source(source: str, *, file: str, name: str = "") -> Version:
    """Compile an operator's script against the shipped ones.

    Raises LoadErrors with every fault, each with file, line and column.
    """
    compiled = compile_file(
        source,
        file=file,
        vocabulary=vocabulary(),
        default_name=name,
        elsewhere=shelf.dotted,
    )
    links = {called: shelf.dotted[called].hash for called in sorted(_called(compiled))}
    faults = file_faults(compiled, messages.subjects())
    faults += [
        ScriptSyntaxError(
            f"{own}: names with a leading dot are the engine's own", file, script.line, 1
        )
        for own, script in compiled.scripts.items()
        if own.startswith(".")
    ]
    if faults:
        raise LoadErrors(faults, compiled.warnings)
    return _version(compiled, name or file, source, links)


def load_shipped() -> None:
    """Compile every shipped script. Raises LoadErrors: each fault with file, line and column.

    The shelf is replaced only when all of them are sound.
    """
    compiled: dict[str, tuple[str, str, CompiledFile]] = {}
    faults: list[ScriptSyntaxError] = []
    for library, folder in sorted(registry.libraries.items()):
        for path in sorted(folder.glob("*.yaml")):
            try:
                compiled[f"{library}/{path.stem}"] = _read(library, path)
            except LoadErrors as errors:
                faults.extend(errors)
    if faults:
        raise LoadErrors(faults)
    fresh = _shelved(compiled)
    handlers = {
        subject: fresh.by_name.get((library, subject))
        for subject, library in registry.handlers.items()
    }
    faults = handler_faults(handlers, messages.subjects())
    for _, _, file in compiled.values():
        faults += file_faults(file, messages.subjects())
    if faults:
        raise LoadErrors(faults)
    shelf.by_name, shelf.dotted, shelf.by_hash = fresh.by_name, fresh.dotted, fresh.by_hash


def _read(library: str, path: Path) -> tuple[str, str, CompiledFile]:
    source = path.read_text(encoding="utf-8")
    shown = f"{library}/scripts/{path.name}"
    return (
        library,
        source,
        compile_file(source, file=shown, vocabulary=vocabulary(), default_name=path.stem),
    )


def _shelved(compiled: dict[str, tuple[str, str, CompiledFile]]) -> Shelf:
    """Fill a shelf, called files before their callers, because a hash covers what is called."""
    owner = {
        name: key
        for key, (_, _, file) in compiled.items()
        for name in file.scripts
        if name.startswith(".")
    }
    fresh = Shelf()
    done: dict[str, Version] = {}

    def place(key: str, above: tuple[str, ...]) -> Version:
        if key in above:
            raise LoadErrors([ScriptSyntaxError(f"calls itself through {above[-1]}", key, 1, 1)])
        if key not in done:
            library, source, file = compiled[key]
            links = {}
            for name in sorted(_called(file)):
                if name not in owner:
                    raise LoadErrors(
                        [ScriptSyntaxError(f"calls {name}, which is not shipped", key, 1, 1)]
                    )
                links[name] = place(owner[name], (*above, key)).hash
            version = _version(file, key, source, links)
            done[key] = fresh.by_hash[version.hash] = version
            for name in file.scripts:
                fresh.by_name[library, name] = version
                if name.startswith("."):
                    fresh.dotted[name] = version
        return done[key]

    for key in compiled:
        place(key, ())
    return fresh


def shipped(library: str, name: str) -> Version:
    """Return the shipped script `name` of a role. Raises UnknownScript."""
    try:
        return shelf.by_name[library, name]
    except KeyError:
        raise UnknownScript(f"{library} ships no script named {name}") from None


def is_shipped(digest: str) -> bool:
    """Say whether a version is a script shipped with this release or one before, and no author's.

    Those are kept as `role/name`, an author's as `domain/key`, and no role is a domain's name.
    """
    if digest in shelf.by_hash:
        return True
    try:
        owner, slash, _ = version(digest).name.partition("/")
    except UnknownScript:
        return False
    return bool(slash) and owner in registry.libraries


def version(digest: str) -> Version:
    """Return the version of this hash, from the shelf or from its row. Raises UnknownScript."""
    return shelf.by_hash.get(digest) or _stored(digest)


@lru_cache(maxsize=512)
def _stored(digest: str) -> Version:
    row = ScriptVersion.objects.filter(hash=digest).first()
    if row is None:
        raise UnknownScript(f"no script version {digest[:12]}")
    return Version(row.hash, row.name, row.source, CompiledFile.from_json(row.code), row.links)


# When this process last saw the row of a version committed. One that nothing refers to is deleted
# some days after it was marked (retiring.py), so that may be believed for an hour.
_kept: dict[str, datetime] = {}
BELIEVED = timedelta(hours=1)


def _believe(version: str, now: datetime) -> None:
    """Remember that a version's row is there, as of now."""
    _kept[version] = now


def store(wanted: Version) -> None:
    """Keep a version and all it calls as rows, so that runs outlive the release that began them."""
    now = clock.now()
    seen = _kept.get(wanted.hash)
    if seen is not None and timedelta() <= now - seen < BELIEVED:
        return
    known = ScriptVersion.objects.filter(hash=wanted.hash)
    if known.filter(unused_at=None).exists() or _needed_again(known, wanted):
        transaction.on_commit(partial(_believe, wanted.hash, now))
        return
    row = ScriptVersion(
        hash=wanted.hash,
        name=wanted.name,
        source=wanted.source,
        code=wanted.file.to_json(),
        links=wanted.links,
        abi=ABI,
        created_at=now,
    )
    ScriptVersion.objects.bulk_create([row], ignore_conflicts=True)


def _needed_again(known: QuerySet[ScriptVersion], wanted: Version) -> bool:
    """Take the mark from a version that was to be deleted; say whether it was still there."""
    for digest in wanted.links.values():
        store(version(digest))
    return bool(known.update(unused_at=None))


def forget() -> None:
    """Forget which versions this process has seen as rows: the database is another one now."""
    _kept.clear()
    _stored.cache_clear()
