"""Every release's parked runs resume, and every place where a run can be parked is kept."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.language.compiler import CompiledFile
from scripts.library import shelf
from scripts.registry import registry
from tests.museum.blocks import BLOCKS
from tests.museum.older import ROOT, run

HERE = Path(__file__).parent
RELEASES = sorted(HERE.glob("release-*.json"))
NOT_CODE = (".git", ".venv", "var", "staticfiles", "__pycache__", ".*_cache", ".hypothesis")


def test_museum_is_not_empty() -> None:
    assert RELEASES


@pytest.mark.parametrize("file", RELEASES, ids=lambda file: file.stem)
def test_runs_parked_by_a_release_end_as_they_should(file: Path) -> None:
    resumed = run(ROOT, "resume", str(file)).splitlines()
    assert resumed == [piece["name"] for piece in kept(file)["pieces"]]


def kept(file: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return read


def table(file: Path, name: str) -> list[dict[str, Any]]:
    rows = kept(file)["rows"][name]
    return [dict(zip(rows["columns"], row, strict=True)) for row in rows["rows"]]


def places(file: Path) -> set[tuple[str, str]]:
    """Return where runs are parked: (script, command word) of every frame, callers included."""
    code = {
        row["hash"]: CompiledFile.from_json(json.loads(row["code"]))
        for row in table(file, "scripts_scriptversion")
    }
    found = set()
    for row in table(file, "scripts_run"):
        continuation = json.loads(row["continuation"])
        if row["finished_at"] is not None or continuation["waiting"] is None:
            continue
        for version, script, _, _, pc, *_ in continuation["frames"]:
            instruction = code[version].scripts[script].code[pc - 1]
            word = instruction[3] if instruction[0] == "do" else instruction[0]
            found.add((script, word))
    return found


def all_places() -> set[tuple[str, str]]:
    return set().union(*(places(file) for file in RELEASES))


def test_every_command_that_suspends_has_a_piece() -> None:
    suspending = {word for word, command in registry.commands.items() if command.spec.suspends}
    missing = suspending - {word for _, word in all_places()}
    assert not missing, "park a run at each, see CONTRIBUTING.md"


def positions(continuation: dict[str, Any]) -> Iterator[str]:
    """Yield what a stored position is inside of: kinds of blocks, and branches."""
    for frame in continuation["frames"]:
        more = frame[7] if len(frame) > 7 else {}
        yield from (block["kind"] for block in more.get("blocks", []))
        for branch in more.get("branches", []):
            yield "branch"
            yield from positions(branch)


def test_every_block_has_a_piece() -> None:
    names = {piece["name"] for file in RELEASES for piece in kept(file)["pieces"]}
    assert {block.name for block in BLOCKS} - names == set()
    live = [
        row for file in RELEASES for row in table(file, "scripts_run") if not row["finished_at"]
    ]
    held = {kind for row in live for kind in positions(json.loads(row["continuation"]))}
    assert held == {"for", "while", "try", "repeat", "branch"}


def waiting_scripts() -> set[str]:
    """Return the shipped scripts with a command that parks; a SEND parks when it has an output."""
    return {
        name
        for version in shelf.by_hash.values()
        for name, script in version.file.scripts.items()
        for instruction in script.code
        if instruction[0] == "do"
        and registry.commands[instruction[3]].spec.suspends
        and (instruction[3] != "SEND" or instruction[5] is not None)
    }


def test_every_shipped_script_that_waits_has_a_piece() -> None:
    assert waiting_scripts() - {script for script, _ in all_places()} == set()


def test_run_that_ends_otherwise_is_seen(tmp_path: Path) -> None:
    changed = kept(RELEASES[-1])
    [expect] = changed["pieces"][0]["expect"]
    expect["result"] = "something else"
    file = tmp_path / "changed.json"
    file.write_text(json.dumps(changed))
    with pytest.raises(AssertionError, match="not \\('DONE', 'something else'\\)"):
        run(ROOT, "resume", str(file))


def test_parked_runs_end_with_their_own_scripts_when_the_release_ships_others(
    tmp_path: Path,
) -> None:
    """In a copy of the code, `.ISSUE` forgets what the person said: only new runs are told so."""
    copy = tmp_path / "code"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*NOT_CODE))
    script = copy / "issuer" / "scripts" / "ISSUE.yaml"
    source = script.read_text(encoding="utf-8")
    script.write_text(source.replace("STATE.Is(ACCEPTED)", "STATE.Is(FORGOTTEN)"), encoding="utf-8")
    assert script.read_text(encoding="utf-8") != source
    assert run(copy, "fresh") == "FAIL No ticket then. Seat B10 is free again."
    assert run(copy, "resume", str(RELEASES[-1]))
