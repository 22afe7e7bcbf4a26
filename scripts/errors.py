"""What can go wrong in the engine, apart from what a script itself raises."""

from scripts.language.errors import ScriptError


class EngineError(Exception):
    """Base of the engine's own faults; a script can neither raise nor catch one."""


class StaleRun(EngineError):
    """Another worker committed this run first; what was computed here is thrown away."""


class Conflict(EngineError):
    """What a segment needs is held by another: it is thrown away and begins again, uncharged."""


class UnknownScript(EngineError):
    """No script of this name is shipped, or no version of this hash is stored."""


def missing(what: str) -> ScriptError:
    """Return the error for a row that is not there or may not be seen; both sound alike."""
    return ScriptError(f"{what}: not found", kind="missing")


# Of a handler's error, by its kind: all that the sender of a message learns.
REFUSALS = {"assertion": 422, "syntax": 422, "blocked": 423, "outdated": 412}


def refusal_status(error: ScriptError) -> int:
    """Return the HTTP status that the sender of a message gets for its handler's error."""
    return REFUSALS.get(error.kind, 403)


def refused(why: str, code: str = "") -> ScriptError:
    """Return the error for something the engine does not let this run do; `code` is for peers."""
    return ScriptError(why, kind="refused", code=code)
