"""`python -m tests.fuzz.libfuzzer [-runs=N] [options of libFuzzer]`: the same by branches.

Needs `pip install atheris`, which only has wheels for some machines and so is no requirement here.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["scripts.language"]):
    from tests.fuzz.target import one_text

from tests.fuzz.dictionary import DICTIONARY


def one(data: bytes) -> None:
    """Try one text: any characters, or pieces of the language in any order."""
    provider = atheris.FuzzedDataProvider(data)
    if provider.ConsumeIntInRange(0, 7) == 0:
        one_text(provider.ConsumeUnicode(500))
        return
    pieces = [provider.PickValueInList(DICTIONARY) for _ in range(40) if provider.remaining_bytes()]
    one_text("".join(pieces))


if __name__ == "__main__":
    atheris.Setup([sys.argv[0], "-max_len=200", *sys.argv[1:]], one)
    atheris.Fuzz()
