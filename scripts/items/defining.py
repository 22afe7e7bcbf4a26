"""Keeping definitions: checked together with the scripts that they start."""

from __future__ import annotations

from messaging import clock, keys
from scripts import library
from scripts.items.definition import Definition, read_definition
from scripts.language.errors import LoadErrors, ScriptSyntaxError
from scripts.library import Version
from scripts.models import ItemSet

# What faults are told of: the definition, and its scripts.
DATASET, HANDLERS = "dataset.yaml", "handlers.yaml"
FILES = (DATASET, HANDLERS)


def check(
    source: str, scripts: str, *, files: tuple[str, str] = FILES
) -> tuple[Definition, Version | None]:
    """Return the definition of a dataset, and the version of its handlers' scripts if it has any.

    Raises LoadErrors with every fault of both, each at its line.
    """
    faults: list[ScriptSyntaxError] = []
    definition, version = Definition(), None
    try:
        definition = read_definition(source, files[0])
    except LoadErrors as errors:
        faults += errors.faults
    try:
        if scripts.strip():
            version = library.compile_source(scripts, file=files[1], name=definition.name)
    except LoadErrors as errors:
        faults += errors.faults
    if not faults:
        held = {} if version is None else version.file.scripts
        names = {each.script: None for each in definition.handlers if each.script not in held}
        faults = [
            ScriptSyntaxError(f"no script named {name} below", files[0], 1, 1) for name in names
        ]
    if faults:
        raise LoadErrors(faults)
    return definition, version


def name_taken(definition: Definition, domain: str, pk: int | None) -> bool:
    """Say whether a domain has another dataset of this name."""
    taken = ItemSet.objects.filter(domain=domain, name__iexact=definition.name).first()
    return taken is not None and taken.pk != pk


def save_set(
    *, domain: str, source: str, scripts: str = "", files: tuple[str, str] = FILES
) -> ItemSet:
    """Keep a dataset of a hosted domain, new or changed; its name says which.

    Raises LoadErrors, and UnknownDomain for a domain that is not hosted here.

    Rows stay as they are; their handlers are those of the new definition from now on.
    """
    definition, version = check(source, scripts, files=files)
    kept = ItemSet.objects.filter(domain=domain, name__iexact=definition.name).first()
    kept = kept or ItemSet(domain=domain)
    return _kept(kept, definition, version, source, scripts)


def change_set(kept: ItemSet, *, source: str, scripts: str) -> ItemSet:
    """Change a dataset, perhaps its name too. Raises and effects as of save_set."""
    definition, version = check(source, scripts)
    return _kept(kept, definition, version, source, scripts)


def _kept(
    kept: ItemSet, definition: Definition, version: Version | None, source: str, scripts: str
) -> ItemSet:
    keys.require_hosted(kept.domain)
    if version is not None:
        library.store(version)
    kept.name, kept.source, kept.scripts = definition.name, source, scripts
    kept.version, kept.updated_at = "" if version is None else version.hash, clock.now()
    kept.save()
    return kept
