"""The engine's own command words: rows, messages and waiting."""

from scripts.commands import datasets, messages, waiting

COMMANDS = {
    "READ": datasets.READ,
    "SAVE": datasets.SAVE,
    "SEND": messages.SEND,
    "VERIFY": messages.VERIFY,
    "WAIT": waiting.WAIT,
    "RACE": waiting.RACE,
    "REEL": waiting.REEL,
}
