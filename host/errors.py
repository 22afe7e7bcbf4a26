"""What the host refuses, each with words a script's author can act on."""

from scripts.language.errors import ScriptError


def bad_prompt(why: str) -> ScriptError:
    return ScriptError(why, kind="prompt")
