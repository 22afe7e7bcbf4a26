"""Public questions: what anybody may ask, answered by its handler from rows, and stored nowhere.

The handler is the shipped script of its subject, run by the machine of every run; but what it may
reach is reading alone, so there is nothing to keep: no message, no run, no line of a log.
"""

from __future__ import annotations

from typing import Any

import structlog

from messaging.registry import Question
from scripts import library
from scripts.errors import refusal_status, refused
from scripts.language.compiler import Script
from scripts.language.continuation import Call, Finished, Parked, start
from scripts.language.errors import ScriptError
from scripts.language.limits import limits
from scripts.language.machine import run
from scripts.language.values import MessageView
from scripts.plain import plain
from scripts.reading import Reading
from scripts.registry import registry

log = structlog.get_logger(__name__)


class PublicReading(Reading):
    """The machine's environment for one public question. The checks at start refuse what this
    refuses (`lint.py`); this holds if they should ever have a hole."""

    def __init__(self, question: Question, version: library.Version) -> None:
        super().__init__(question.recipient)
        self.version = version
        self.message = MessageView(question.envelope.to_dict())

    def script(self, version: str, name: str) -> tuple[str, Script]:
        """Resolve RUN: the handler's own file, and nothing else."""
        if name not in self.version.file.scripts:
            raise ScriptError(f"no script named {name}", kind="missing")
        return version, self.version.file.scripts[name]

    def execute(self, call: Call) -> Any:
        look = registry.commands[call.word].look
        if look is None:
            raise refused(f"a public question is answered by reading, not by {call.word}")
        return look(self, call)

    def resume(self, call: Call, memo: Any, signal: Any) -> Any:
        raise refused("a public question waits for nothing")

    def abandon(self, hook: str) -> None:
        """Nothing of it waits, so no branch leaves a mailbox behind."""

    def asks(self, word: str) -> bool:
        return registry.commands[word].spec.answers

    def system(self, name: str) -> Any:
        if name == "Msg":
            return self.message
        return None if name == "Chat" else {"Domain": self.domain}

    def log(self, value: Any) -> None:
        raise refused("a public question leaves nothing, so it cannot LOG")


def answer(question: Question) -> tuple[int, dict[str, Any]]:
    """Return the status and body of the answer to a public question, from rows as they are now.

    A handler's error is a refusal of the sender, as for any message. Raises what is unforeseen.
    """
    name = question.subject
    version = library.shipped(registry.handlers[name], name)
    continuation = start(version.hash, name, {})
    reading = PublicReading(question, version)
    try:
        outcome = run(continuation, reading, budget_steps=limits.run_steps + 1)
        if isinstance(outcome, Parked):
            raise refused("a public question waits for nothing")
    except ScriptError as error:
        log.info("public_question_refused", subject=name, error=str(error)[:200])
        return refusal_status(error), {}
    value = outcome.value if isinstance(outcome, Finished) else None
    return 200, plain(value) if isinstance(value, dict) else {}
