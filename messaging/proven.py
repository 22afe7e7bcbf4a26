"""Who has proved, at which address, to be whom: they come first while the server is busy.

A wallet's, chat's or prompt's id is known to nobody who did not get it from its owner or broker, so
that naming one which was proved at the same address within the hour is enough to be let in first.
It only decides who waits for whom: what is asked is proved anew each time.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict

from messaging import caller

MOST = 50_000
SECONDS = 3600.0

_lock = threading.Lock()
_until: OrderedDict[tuple[str, str], float] = OrderedDict()


def note(identity: str) -> None:
    """The caller has proved to be this; of too many the one that was proved longest ago is lost."""
    share = caller.now()
    if not share:
        return
    with _lock:
        _until[share, identity] = time.monotonic() + SECONDS
        _until.move_to_end((share, identity))
        if len(_until) > MOST:
            _until.popitem(last=False)


def knows(share: str, identity: str) -> bool:
    """Say whether somebody at this address proved to be this within the hour."""
    return _until.get((share, identity), 0.0) > time.monotonic()


def forget() -> None:
    """Forget all: for tests."""
    with _lock:
        _until.clear()
