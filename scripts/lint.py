"""What must hold of a message handler before it may be started at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from messaging.registry import Mode, Subject
from scripts.language.errors import ScriptSyntaxError
from scripts.registry import registry

if TYPE_CHECKING:
    from scripts.library import Version

EFFECTS = frozenset({"SAVE", "DELETE", "SEND", "RACE", "REEL", "WAIT"})
MAY_CALL = frozenset({"SEND"})  # a sync handler may wait for another domain's answer, no longer


def handler_faults(
    handlers: Mapping[str, Version | None], subjects: Mapping[str, Subject]
) -> list[ScriptSyntaxError]:
    """Return what is wrong with the handlers of `subjects` (subject -> its version, if any).

    A handler must exist, must VERIFY before any effect unless its subject is public, and must not
    wait for a person when its sender waits for the answer.
    """
    faults: list[ScriptSyntaxError] = []
    for name, subject in sorted(subjects.items()):
        version = handlers.get(name)
        if version is None or name not in version.file.scripts:
            faults.append(ScriptSyntaxError(f"no script handles {name}", name, 1, 1))
            continue
        script = version.file.scripts[name]
        words = list(script.words())
        if not subject.public and not _verifies_first(words):
            faults.append(
                ScriptSyntaxError(f"{name} must VERIFY before it acts", script.file, script.line, 1)
            )
        waiting = {
            word for word in words if registry.commands[word].spec.suspends and word not in MAY_CALL
        }
        if subject.mode is Mode.SYNC and waiting:
            shown = ", ".join(sorted(waiting))
            faults.append(
                ScriptSyntaxError(
                    f"{name} is sync and may not wait: {shown}", script.file, script.line, 1
                )
            )
    return faults


def _verifies_first(words: list[str]) -> bool:
    for word in words:
        if word == "VERIFY":
            return True
        if word in EFFECTS:
            return False
    return False
