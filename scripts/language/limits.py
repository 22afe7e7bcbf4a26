"""How large a script's work may grow, so that no script harms another."""

FRAMES = 20
DEPTH = 32
LIST_ITEMS = 10_000
TEXT_CHARACTERS = 100_000
