"""Who waits for whom at a busy server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress

import pytest

from config import lanes
from config.lanes import Full, Lane, Threads, lane_of
from messaging import caller, proven

HOSTILE, HONEST = Lane("192.0.2.1"), Lane("192.0.2.2")
WALLET = "0b7ad0d2-3b8e-4f6b-9a52-3f6d5ff5d0a1"
ALICE, BOB = Lane("192.0.2.1", "alice"), Lane("192.0.2.1", "bob")


@pytest.fixture(autouse=True)
def _nobody_is_proven() -> Iterator[None]:
    proven.forget()
    yield
    proven.forget()


def order_of(threads: Threads, asked: list[tuple[Lane, str]]) -> list[str]:
    """Ask for a thread in this order, while none is free; return in which order they are given."""
    given: list[str] = []

    async def one(lane: Lane, name: str) -> None:
        with suppress(Full):
            async with threads.taken(lane):
                given.append(name)
                await asyncio.sleep(0.001)

    async def all_of_them() -> None:
        async with threads.taken(ALICE):
            tasks = []
            for lane, name in asked:
                tasks.append(asyncio.ensure_future(one(lane, name)))
                await asyncio.sleep(0)
        await asyncio.gather(*tasks)

    asyncio.run(all_of_them())
    assert threads.waiting_now == 0
    return given


def test_who_comes_from_elsewhere_waits_for_one_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [(HOSTILE, f"hostile{n}") for n in range(20)] + [(HONEST, "honest")]
    assert "honest" in order_of(Threads(1, 64), asked)[:2]


def test_newest_of_an_address_comes_first() -> None:
    asked = [(HOSTILE, f"hostile{n}") for n in range(20)] + [(HOSTILE, "honest")]
    assert order_of(Threads(1, 64), asked)[0] == "honest"


def test_proven_come_before_the_others_in_turn_and_the_others_are_not_starved() -> None:
    asked = [(HOSTILE, "x") for _ in range(9)]
    asked += [(ALICE, "a") for _ in range(6)] + [(BOB, "b") for _ in range(2)]
    given = order_of(Threads(1, 64), asked)
    assert given.index("b") < 3
    assert "x" in given[:5]
    assert given[-1] == "x"
    assert len(given) == 17


def test_unproven_do_not_get_all_threads() -> None:
    async def play() -> None:
        threads = Threads(8, 0)
        held = [threads.taken(HOSTILE) for _ in range(3)]
        for each in held:
            await each.__aenter__()
        with pytest.raises(Full):
            await threads.taken(HOSTILE).__aenter__()
        async with threads.taken(ALICE):
            assert threads._made == 4
        for each in held:
            await each.__aexit__(None, None, None)
        assert (threads._unproven_busy, len(threads.idle)) == (0, 4)

    asyncio.run(play())


def test_wait_ends_and_a_broken_off_wait_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "LONGEST_WAIT", 0.05)

    async def play() -> None:
        threads = Threads(1, 8)
        async with threads.taken(ALICE):
            with pytest.raises(Full):
                await threads.taken(BOB).__aenter__()
            waiting = asyncio.ensure_future(threads.taken(BOB).__aenter__())
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            late = asyncio.ensure_future(threads.taken(BOB).__aenter__())
            await asyncio.sleep(0)
        late.cancel()  # it was given the thread in this moment
        with pytest.raises(asyncio.CancelledError):
            await late
        assert (threads.waiting_now, len(threads.idle)) == (0, 1)
        async with threads.taken(HOSTILE):
            assert threads.waiting_now == 0

    asyncio.run(play())


def test_lane_is_that_of_who_was_proved_at_this_address() -> None:
    body = f'{{"Header": {{"From": "{WALLET}", "To": "broker.test"}}}}'.encode()
    headers = [(b"wallet", WALLET.encode())]
    assert lane_of("192.0.2.1", "/inbox", [], body) == HOSTILE
    with caller.calling("192.0.2.1"):
        proven.note(WALLET)
    mine = Lane("192.0.2.1", WALLET)
    assert lane_of("192.0.2.1", "/inbox", [], body) == mine
    assert lane_of("192.0.2.1", "/wallet/notifications", headers, b"") == mine
    assert lane_of("192.0.2.2", "/inbox", [], body) == HONEST
    assert lane_of("192.0.2.1", "/wallet/relay", [], body) == HOSTILE  # proved by its headers only


def test_chats_prompts_and_operators_have_lanes_too() -> None:
    with caller.calling("192.0.2.1"):
        proven.note(WALLET)
        proven.note("abcdefghijklmnopqrstuvwxyz123456")
    for name in ("Prompt", "Token", "Chat", "Appendix"):
        body = f'{{"Body":{{"{name}":"{WALLET}"}},"Header":{{"From":"Anonymous"}}}}'.encode()
        assert lane_of("192.0.2.1", "/inbox", [], body).is_proven
    cookie = [(b"cookie", b"a=b; sessionid=abcdefghijklmnopqrstuvwxyz123456")]
    assert lane_of("192.0.2.1", "/ops/", cookie, b"").is_proven
    assert not lane_of("192.0.2.1", "/ops/", [(b"cookie", b"\xff=\xfe")], b"\xff").is_proven


def test_proofs_are_bounded_and_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proven, "MOST", 3)
    with caller.calling("192.0.2.1"):
        for number in range(5):
            proven.note(f"w{number}")
    assert [proven.knows("192.0.2.1", f"w{n}") for n in range(5)] == [
        False,
        False,
        True,
        True,
        True,
    ]
    monkeypatch.setattr(proven, "SECONDS", -1.0)
    with caller.calling("192.0.2.1"):
        proven.note("w4")
    assert not proven.knows("192.0.2.1", "w4")
