"""Scripts that are parked inside a block: where the position is more than a line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Block:
    """`before` are the answers that come before the parking, `after` those that come later."""

    name: str
    script: str
    result: Any
    before: dict[str, str] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)


BLOCKS = (
    Block(
        "WAIT inside FOR, in its second round",
        "- FOR a, b, c >> $i:\n    - WAIT museum-for-{$i} >> $x\n    - PUT {$i}{$x} +> $all\n"
        "- RETURN: $all",
        ["a1", "b2", "c3"],
        {"museum-for-a": "1"},
        {"museum-for-b": "2", "museum-for-c": "3"},
    ),
    Block(
        "WAIT inside WHILE, in its second round",
        "Main:\n- PUT 1 >> $n\n- WHILE $n.IsBelow(4):\n    - WAIT museum-while-{$n} >> $x\n"
        "    - PUT {$x} +> $all\n    - SET $n.Add(1)\n- RETURN:\n    N: $n\n    All: $all",
        {"N": 4, "All": ["one", "two", "three"]},
        {"museum-while-1": "one"},
        {"museum-while-2": "two", "museum-while-3": "three"},
    ),
    Block(
        "WAIT inside CASE",
        "- PUT red >> $c\n- CASE $c:\n    red:\n        - WAIT museum-case >> $x\n"
        "        - PUT red {$x} >> $said\n    $: PUT other >> $said\n- RETURN: $said",
        "red wine",
        after={"museum-case": "wine"},
    ),
    Block(
        "WAIT inside TRY, which catches what follows",
        "- TRY >> $e:\n    - WAIT museum-try >> $x\n    - ERROR: no {$x}\n- RETURN: caught {$e}",
        "caught no wine",
        after={"museum-try": "wine"},
    ),
    Block(
        "WAITs inside PARALLEL, one branch ended",
        "- PARALLEL museum-one, museum-two, museum-three >> $h:\n    - WAIT $h >> $x\n"
        "    - PUT {$x} +> $all\n    - PUT $x >> $last\n- RETURN:\n    All: $all\n    Last: $last",
        {"All": ["1", "2", "3"], "Last": "3"},
        {"museum-two": "2"},
        {"museum-three": "3", "museum-one": "1"},
    ),
    Block(
        "WAIT inside RUN inside PARALLEL inside TRY",
        "Main:\n- TRY >> $e:\n    - PARALLEL:\n        - RUN Inner >> $a\n"
        "        - WAIT museum-beside >> $b\n    - ERROR: '{$a} and {$b}'\n- RETURN: $e\n"
        "Inner:\n- FOR x, y >> $i:\n    - WAIT museum-inner-{$i} +> $all\n- RETURN: '{$all}'",
        '["x1","y2"] and b',
        {"museum-inner-x": "x1"},
        {"museum-inner-y": "y2", "museum-beside": "b"},
    ),
    Block(
        "WAIT inside RUN inside ELSE inside IF",
        "Main:\n- PUT 1 >> $n\n- IF $n.Is(2): PUT 3 >> $m\n- ELSE:\n    - IF $n:\n"
        "        - RUN Inner >> $x\n    - PUT {$x}! >> $y\n- RETURN: $y\n"
        "Inner:\n- WAIT museum-else >> $a\n- RETURN: $a",
        "it!",
        after={"museum-else": "it"},
    ),
    Block(
        "WAIT after REPEAT",
        "- SET $n.Add(1)\n- WAIT museum-repeat-{$n} >> $x\n- PUT {$x} +> $all\n"
        "- IF $n.IsBelow(3):\n    - REPEAT\n- RETURN: $all",
        ["r1", "r2", "r3"],
        {"museum-repeat-1": "r1"},
        {"museum-repeat-2": "r2", "museum-repeat-3": "r3"},
    ),
)
