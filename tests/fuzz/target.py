"""The one thing that must hold of every text: it compiles, or is refused with places and words.

What compiles must also come back from storage as it was, because that is what runs.
"""

from __future__ import annotations

import json
import os

import django

if __name__ != "__main__" and not os.environ.get("DJANGO_SETTINGS_MODULE"):
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()

from scripts import library
from scripts.language.compiler import CompiledFile, compile_file
from scripts.language.errors import LoadErrors

VOCABULARY = library.vocabulary()


def one_text(text: str) -> bool:
    """Compile a text; return whether it is a script. Raises whatever the compiler must not."""
    try:
        file = compile_file(text, file="fuzz.yaml", vocabulary=VOCABULARY, default_name="main")
    except LoadErrors as refused:
        faults = list(refused)
        if not faults or any(fault.line < 1 or fault.column < 1 for fault in faults):
            raise AssertionError(f"a fault without a place: {refused}") from None
        return False
    stored = json.loads(json.dumps(file.to_json()))
    if CompiledFile.from_json(stored) != file:
        raise AssertionError("what is stored is not what was compiled")
    return True
