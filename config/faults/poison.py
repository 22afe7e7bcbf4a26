"""Words that no script should have: one that always fails, and one that kills its worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from config.faults.plan import die
from scripts.language.vocabulary import CommandSpec
from scripts.registry import Command, registry


def learn(last_words: Callable[[], None] = lambda: None) -> None:
    """Teach the engine, in this process and those forked from it, the words POISON and KILLER;
    `last_words` is called before a worker is killed."""

    def kill(step: Any, call: Any) -> None:
        last_words()
        die()

    for word, execute in (("POISON", _fail), ("KILLER", kill)):
        registry.commands[word] = Command(CommandSpec(word=word), execute)


def _fail(step: Any, call: Any) -> None:
    raise RuntimeError("a script that nothing can help")
