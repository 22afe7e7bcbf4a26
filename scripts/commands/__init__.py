"""The engine's own command words: rows, holders, messages and waiting."""

from scripts.commands import datasets, holders, messages, waiting

COMMANDS = {
    **datasets.COMMANDS,
    **holders.COMMANDS,
    "SEND": messages.SEND,
    "WAIT": waiting.WAIT,
    "RACE": waiting.RACE,
    "REEL": waiting.REEL,
    "HOOK": waiting.HOOK,
    "IMPRINT": waiting.IMPRINT,
    "RECALL": waiting.RECALL,
    "ALARM": waiting.ALARM,
}
