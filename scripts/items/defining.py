"""Keeping definitions: checked together with the scripts that they start."""

from __future__ import annotations

from messaging import clock
from scripts import library
from scripts.items.definition import Definition, read_definition
from scripts.language.errors import LoadErrors, ScriptSyntaxError
from scripts.models import ItemSet

DATASET, HANDLERS = "dataset.yaml", "handlers.yaml"


def check(source: str, scripts: str, *, domain: str, pk: int | None = None) -> Definition:
    """Return the definition of a dataset whose handlers `scripts` holds.

    Raises LoadErrors with every fault of both, each at its line.
    """
    definition = read_definition(source)
    faults: list[ScriptSyntaxError] = []
    names: set[str] = set()
    if scripts.strip():
        try:
            names = set(library.compile_source(scripts, file=HANDLERS).file.scripts)
        except LoadErrors as errors:
            faults += errors.faults
    if not faults:
        faults += [
            ScriptSyntaxError(f"no script named {each.script} below", DATASET, 1, 1)
            for each in definition.handlers
            if each.script not in names
        ]
    taken = ItemSet.objects.filter(domain=domain, name__iexact=definition.name).first()
    if taken is not None and taken.pk != pk:
        message = f"{domain} has a dataset {definition.name} already"
        faults.append(ScriptSyntaxError(message, DATASET, 1, 1))
    if faults:
        raise LoadErrors(faults)
    return definition


def save_set(*, domain: str, source: str, scripts: str = "", pk: int | None = None) -> ItemSet:
    """Keep a dataset of a hosted domain, new or changed. Raises LoadErrors.

    Rows stay as they are; their handlers are those of the new definition from now on.
    """
    definition = check(source, scripts, domain=domain, pk=pk)
    version = ""
    if scripts.strip():
        compiled = library.compile_source(scripts, file=HANDLERS, name=definition.name)
        library.store(compiled)
        version = compiled.hash
    kept = ItemSet(domain=domain) if pk is None else ItemSet.objects.get(pk=pk)
    kept.name, kept.source, kept.scripts = definition.name, source, scripts
    kept.version, kept.updated_at = version, clock.now()
    kept.save()
    return kept
