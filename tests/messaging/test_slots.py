"""So much of a kind of work at once, and so much of it for one name; and whose request it is."""

from __future__ import annotations

import pytest

from messaging import caller
from messaging.slots import Busy, Slots


def test_all_slots_taken_is_said_at_once_and_a_freed_one_is_given_again() -> None:
    slots = Slots(2)
    with slots.taken():
        with slots.taken(), pytest.raises(Busy), slots.taken():
            pass
        with slots.taken():
            assert slots.taken_now == 2
    assert slots.taken_now == 0


def test_one_name_has_its_share_and_others_have_theirs() -> None:
    slots = Slots(10, zone=2, caller=1)
    with slots.taken(zone="a.test", caller="192.0.2.1"):
        with pytest.raises(Busy, match="caller"), slots.taken(zone="b.test", caller="192.0.2.1"):
            pass
        with (
            slots.taken(zone="a.test", caller="192.0.2.2"),
            pytest.raises(Busy, match="zone"),
            slots.taken(zone="a.test", caller="192.0.2.3"),
        ):
            pass
        with slots.taken(zone="b.test", caller=""), slots.taken(zone="b.test", caller=""):
            assert slots.taken_now == 3
    assert slots.taken_now == 0 and not slots._taken


def test_fault_inside_gives_the_slot_back() -> None:
    slots = Slots(1, zone=1)
    for _ in range(3):
        with pytest.raises(RuntimeError), slots.taken(zone="a.test"):
            raise RuntimeError("a fault")
    assert slots.taken_now == 0 and not slots._taken


@pytest.mark.parametrize(
    ("remote", "forwarded", "proxies", "share"),
    [
        ("192.0.2.7", "", 0, "192.0.2.7"),
        ("192.0.2.7", "198.51.100.1", 0, "192.0.2.7"),  # anybody can write that header
        ("127.0.0.1", "198.51.100.1", 1, "198.51.100.1"),
        ("127.0.0.1", "10.0.0.1, 198.51.100.1", 1, "198.51.100.1"),
        ("127.0.0.1", "10.0.0.1, 198.51.100.1, 192.0.2.9", 2, "198.51.100.1"),
        ("127.0.0.1", "198.51.100.1", 2, "198.51.100.1"),
        ("127.0.0.1", " , ", 1, "127.0.0.1"),
        ("2001:db8:1:2:aaaa::1", "", 0, "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::2", "", 0, "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "", 0, "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "", 0, "fe80::/64"),
        ("::ffff:192.0.2.7", "", 0, "192.0.2.7"),
        ("testclient", "", 0, "testclient"),
        ("127.0.0.1", "unknown" * 100, 1, ("unknown" * 100)[:64]),
    ],
)
def test_caller_is_an_address_or_a_network_of_64_bits(
    remote: str, forwarded: str, proxies: int, share: str
) -> None:
    assert caller.share_of(remote, forwarded, proxies) == share


def test_nobody_calls_outside_of_a_request() -> None:
    with caller.calling("192.0.2.7"):
        assert caller.now() == "192.0.2.7"
    assert caller.now() == ""
