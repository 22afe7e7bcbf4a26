"""Lanes: how many posts to other deployments this process has under way at once, and for whom.

A name that somebody made up may accept a connection and never say a word, for ten seconds. Such
posts must not take all lanes from peers that answer, nor may one sender's take those of others.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from django.conf import settings

from messaging.slots import Slots


class Lanes:
    """So many lanes: half of them at most for one destination, for one cause, and for strangers.

    A stranger is a destination that has never answered, or has failed since it last did. Of its
    lanes one cause gets a quarter.
    """

    def __init__(self, most: int) -> None:
        half = max(most // 2, 1)
        self.all = Slots(most, destination=half, cause=half)
        self.strangers = Slots(half, cause=max(half // 4, 1))

    @contextmanager
    def taken(self, destination: str, cause: str, *, stranger: bool) -> Iterator[None]:
        """Hold a lane while the block posts. Raises slots.Busy when there is none."""
        with ExitStack() as held:
            held.enter_context(self.all.taken(destination=destination, cause=cause))
            if stranger:
                held.enter_context(self.strangers.taken(cause=cause))
            yield


lanes = Lanes(settings.POST_LANES)
