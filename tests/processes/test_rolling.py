"""A server is replaced while people use it: old and new code at once, on one database and queue.

The old code is that of the commit before, or of UPGRADE_FROM; the new code is this one. A migration
that the old code cannot live with shows here, because the old server serves on after it.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.demo.server import Server
from tests.museum.older import NoHistory, checkout, earlier
from tests.processes.conftest import ON_SERVICES
from tests.processes.players import Player, Watcher

ON_REDIS = os.environ.get("CELERY_BROKER_URL", "").startswith("redis")
pytestmark = [
    pytest.mark.processes,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not (ON_SERVICES and ON_REDIS), reason="needs PostgreSQL and Redis"),
]
WALLETS = 3
FLOWS = 2  # of each wallet, in each of the three parts
ACCEPTED = (["ISSUED", "OFFERED", "ACCEPTED"], ["ISSUED", "ACCEPTED"])
SAVED = ["ISSUED", "DETAILED", "OFFERED", "SAVED"]


@pytest.fixture
def old(server: Server, tmp_path: Path) -> Iterator[Server]:
    """A server of the commit before, on the database and the queue of `server`."""
    try:
        code = checkout(earlier(), tmp_path / "old-code")
    except NoHistory as why:
        pytest.skip(f"there is no earlier commit to upgrade from: {why}")
    folder = tmp_path / "old"
    folder.mkdir()
    names = ("DATABASE_URL", "CELERY_BROKER_URL", "HTTPS_ONLY")
    old = Server(folder, {name: server.environment[name] for name in names}, code=code)
    yield old
    old.stop()


@pytest.fixture
def players(old: Server, tmp_path: Path) -> Iterator[list[Player]]:
    old.start()
    players = [Player(tmp_path / f"wallet-{number}", old) for number in range(WALLETS)]
    yield players
    for player in players:
        player.enough.set()
        player.thread.join(timeout=60)
        player.wallet.close()


@pytest.mark.parametrize("ended_by", ["SIGTERM", "SIGKILL"])
def test_server_replaced_under_load_ends_every_flow_once(
    server: Server, old: Server, players: list[Player], ended_by: str
) -> None:
    with Watcher(server) as watcher:
        for player in players:
            player.thread.start()
        play_on(players)
        server.start(seed=False)  # its migrations run while the old code serves
        players[0].go_to(server)  # both serve, and both work on what either has begun
        play_on(players)
        replace(old, server, players, ended_by)
        play_on(players)
        finish(players)
        assert_settled(server, players)
    assert watcher.looks > 20
    assert watcher.stuck == []


def play_on(players: list[Player]) -> None:
    """Wait until every player has ended some more flows."""
    wanted = [player.ended() + FLOWS for player in players]
    limit = time.monotonic() + 120
    while any(player.ended() < count for player, count in zip(players, wanted, strict=True)):
        assert time.monotonic() < limit, [player.ended() for player in players]
        assert [player.problem for player in players] == [""] * len(players)
        time.sleep(0.1)


def replace(old: Server, new: Server, players: list[Player], ended_by: str) -> None:
    """End the old server: asked to, after people have gone over; or cut off in mid flow."""
    if ended_by == "SIGKILL":
        old.kill()
    for player in players:
        player.go_to(new)
    old.stop()


def finish(players: list[Player]) -> None:
    """Let every player end the flow they are in, and look for what was opened beside it."""
    for player in players:
        player.enough.set()
    for player in players:
        player.thread.join(timeout=90)
        assert not player.thread.is_alive()
    assert [player.problem for player in players] == [""] * len(players)


def assert_settled(server: Server, players: list[Player]) -> None:
    """Both sides and the wallets agree on every token, and each was decided once."""
    sides = settled(server, players)
    tokens = set(sides["issuer"])
    assert tokens == set(sides["broker"])
    assert all(states in ACCEPTED for states in sides["issuer"].values()), sides["issuer"]
    assert all(states == SAVED for states in sides["broker"].values()), sides["broker"]
    kept = Counter(
        token["Document"]["Token"] for player in players for token in player.wallet.tokens()
    )
    assert kept == Counter(tokens)
    for player in players:
        assert player.shown("FAIL") == []
        assert len(player.shown("DONE")) == len(player.wallet.tokens())
        assert all(token["Valid"] for token in player.wallet.tokens())


def settled(server: Server, players: list[Player]) -> dict[str, dict[str, list[str]]]:
    """Return each side's states by token, once no offer is open any more."""
    limit = time.monotonic() + 60
    while True:
        for player in players:
            player.look()
        sides: dict[str, dict[str, list[str]]] = {"issuer": {}, "broker": {}}
        for event in server.history():
            if event["Kind"] == "STATE":
                sides[event["Side"]].setdefault(event["Token"], []).append(event["Value"])
        ended = all(states[-1] == "ACCEPTED" for states in sides["issuer"].values())
        shown = sum(player.ended() for player in players)
        if (ended and shown >= len(sides["issuer"])) or time.monotonic() > limit:
            return sides
