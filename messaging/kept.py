"""For how many days rows are kept, by kind, unless the environment says otherwise."""

KEPT_DAYS: dict[str, float] = {
    "INBOX_KEY": 90,  # what recognises a repeat: longer than anybody sends one again
    "SENT": 14,
    "DEAD": 30,
    "DESTINATION": 90,
    "REFUSAL": 400,
    "RUN": 7,
    "RUN_REFUSED": 14,
    "RUN_FAILED": 90,
    "QUARANTINE": 180,
    "HOOK": 90,
    "EARLY_SIGNAL": 400,
    "VERSION": 30,
    "ITEM_HISTORY": 400,
    "CHAT": 30,
    "CHAT_IDLE": 180,
    "PROMPT": 30,
    "REGISTERED": 7,
    "OFFER": 90,
    "TOKEN": 400,
    "WALLET": 400,
    "LOG": 730,
}

# The least that makes sense of some, and why; less stops the start.
LEAST_DAYS: dict[str, tuple[float, str]] = {
    "INBOX_KEY": (8, "peers and operators send a message again for days"),
    "OFFER": (2, "an answer may come a day after an offer's end"),
    "CHAT_IDLE": (60, "a script may wait for 30 days between two lines"),
    "WALLET": (60, "a person may be away"),
    "VERSION": (1, "processes believe for an hour that a version is stored"),
    "RUN": (0.1, "an operator must see what has just ended"),
}
