"""How often a process dies or lingers at each point, so that rare points are hit often enough."""

from __future__ import annotations

from config.faults.weather import Chances

# How often one flow passes a point in fair weather, roughly. A point is hit about as often as the
# others whatever this says; a rare one that were hit by the common chance would never be.
PASSED = {
    "start_before_commit": 18,
    "start_after_commit": 18,
    "in_inserted": 11,
    "in_before_commit": 11,
    "in_after_commit": 13,
    "claim_before_commit": 45,
    "claim_after_commit": 22,
    "adv_locked": 22,
    "wait_read": 2.5,
    "adv_after_step": 55,
    "adv_decided": 22,
    "adv_before_commit": 22,
    "adv_after_commit": 22,
    "signal_locked": 2,
    "signal_filled": 1.5,
    "ob_claimed": 9,
    "ob_signed": 9,
    "ob_sent_unmarked": 8,
    "ob_before_mark": 8,
    "ob_marked": 8,
    "ob_postponed": 2,
    "sweep_moved": 0.15,
    "sweep_after_commit": 0.15,
    "release_before_commit": 0.3,
    "quarantine_before_commit": 0.07,
}
KILLS = 12.0  # and as many holds, wanted at each point in a storm of a thousand flows or more
FEWEST = 8.0  # and in a small one
LIKELIEST = 0.25
RAREST = 60  # what is passed less often than this in the whole storm is hit whenever that can be
SURE = 0.9  # held there, of what is rare: a hold harms nobody, so it need not be left to luck


def chances_for(flows: int, *, one_process: bool = False) -> Chances:
    """Return the chances for a storm of so many flows. Where all is one process, each death is
    everybody's, and everything that it had claimed waits for its lease."""
    kills = max(KILLS * min(flows / 1000, 1), FEWEST) / (FEWEST if one_process else 1)
    rare = {name for name, times in PASSED.items() if flows * times < RAREST}
    kill = {
        name: min(kills / (flows * times), 0.45 if name in rare else LIKELIEST)
        for name, times in PASSED.items()
    }
    hold = {
        name: SURE - chance if name in rare else min(chance * FEWEST, LIKELIEST)
        for name, chance in kill.items()
    }
    return Chances(kill=kill, hold=hold if one_process else kill)
