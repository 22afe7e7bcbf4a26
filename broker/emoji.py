"""The face beside a prompt (protocol 5.5): full for hosts, faded for the broker itself."""

FACES = {
    "INFO": "\u2139\ufe0f",
    "TEMP": "\u23f3",
    "DONE": "\u2705",
    "FAIL": "\u274c",
    "TEXT": "\U0001f4ac",
}
FADED = {
    "INFO": "\u24d8",
    "TEMP": "\u23f3",
    "DONE": "\u2611\ufe0f",
    "FAIL": "\u274c",
    "TEXT": "\U0001f4ad",
}
INPUT, FADED_INPUT = "\U0001f603", "\U0001fae5"
ALLOWED = frozenset(["😐", "😶", "😌", "😊", "😕", "🙁", "😔", "🥺", "🤣", "😅", "✏️"])


def prompt_emoji(format: str, wanted: str, *, faded: bool) -> str:
    """Return the emoji of a prompt; a host may choose one of a short list for its inputs."""
    fixed = FADED if faded else FACES
    if format in fixed:
        return fixed[format]
    if faded:
        return FADED_INPUT
    return wanted if wanted in ALLOWED else INPUT
