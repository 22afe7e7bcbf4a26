"""What is parked: a run at every kind of place where one can be parked, and how it should end.

A piece says in plain values what is to be done later (`steps`) and what must then be so (`expect`):
releases to come read them from the file, so what a word here means may never change. New pieces and
new words are added; see CONTRIBUTING.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from host.models import Chat
from host.services import save_talker
from messaging import clock
from scripts import lifecycle, wakes
from scripts.advance import advance_once
from scripts.models import Run
from tests.flows.steps import agreed_ticket, offered_ticket
from tests.museum import moments
from tests.museum.blocks import BLOCKS, Block
from tests.museum.moments import Midst
from tests.person import BROKER, Person
from tests.pump import pump
from tests.scripts.engine import DOMAIN, begin

THANKS = "DONE Your ticket is in your wallet. See you tonight, Alice."
NO_TICKET = "FAIL No ticket then. Seat B10 is free again."
HOUR = 3600


@dataclass
class Piece:
    """`steps` are played in the order of `at` (seconds after the parking), with those of others."""

    name: str
    steps: list[dict[str, Any]] = field(default_factory=list)
    expect: list[dict[str, Any]] = field(default_factory=list)


def ends(run: Run, state: str = "DONE", result: Any = None) -> dict[str, Any]:
    return {"that": "run", "run": str(run.pk), "state": state, "result": result}


def says(chat: str, line: str) -> dict[str, Any]:
    return {"that": "line", "domain": DOMAIN, "chat": chat, "line": line}


def states(token: str, issuer: str, broker: str) -> dict[str, Any]:
    return {"that": "token", "token": token, "issuer": issuer, "broker": broker}


def signal(hook: str, value: Any) -> dict[str, Any]:
    return {"do": "signal", "at": 0, "domain": DOMAIN, "hook": hook, "value": value}


def reply(person: Person, chat: str, **answer: Any) -> dict[str, Any]:
    return {"do": "reply", "at": 0, "person": person.name, "chat": chat, "answer": answer}


def saves(person: Person, chat: str, token: str) -> dict[str, Any]:
    return {"do": "save", "at": 0, "person": person.name, "chat": chat, "token": token} | {
        "issuer": DOMAIN
    }


def wait(at: int) -> dict[str, Any]:
    return {"do": "wait", "at": at}


# -- waits of plain scripts ---------------------------------------------------------------------


def wait_inside_run_inside_if(alice: Person) -> Piece:
    run = begin(
        "Outer:\n- PUT 1 >> $n\n- IF $n:\n    - RUN Inner >> $x\n- RETURN: got {$x}\n"
        "Inner:\n- WAIT museum-nested >> $a\n- RETURN: $a"
    )
    pump()
    return Piece(
        "WAIT inside RUN inside IF", [signal("museum-nested", "it")], [ends(run, result="got it")]
    )


def inside(block: Block) -> Callable[[Person], Piece]:
    """Return what parks inside a block, after the answers that come before."""

    def parked(alice: Person) -> Piece:
        run = begin(block.script, inputs={"n": 0})
        pump()
        for hook, value in block.before.items():
            moments.knock(hook, value)
            pump()
        steps = [signal(hook, value) for hook, value in block.after.items()]
        return Piece(block.name, steps, [ends(run, result=block.result)])

    return parked


def wait_with_timeout(alice: Person) -> Piece:
    run = begin(
        "- WAIT >> $a:\n    Hook: museum-timeout\n    Timeout: 1 hour\n"
        "- RETURN:\n    Answer: $a\n    TimedOut: $.Script.TimedOut"
    )
    pump()
    end = ends(run, result={"Answer": None, "TimedOut": True})
    return Piece("WAIT until its timeout", [wait(HOUR + 1)], [end])


def race_and_its_partner(alice: Person) -> Piece:
    waits = begin("- WAIT museum-race >> $a\n- RETURN: $a")
    races = begin("- RACE museum-race: the word", due_at=clock.now() + timedelta(hours=2))
    pump()
    return Piece(
        "RACE by a run that waits for its start time",
        [wait(2 * HOUR + 1)],
        [ends(waits, result="the word"), ends(races)],
    )


def quarantined(alice: Person) -> Piece:
    run = begin("- WAIT museum-poison >> $a\n- RETURN: $a")
    pump()
    lifecycle.quarantine(run.pk, "poison, once")
    steps = [{"do": "retry", "at": 0, "run": str(run.pk)}, signal("museum-poison", "cured")]
    return Piece("a run set aside", steps, [ends(run, result="cured")])


# -- questions ----------------------------------------------------------------------------------


def talk(person: Person, key: str, script: str) -> tuple[str, Run]:
    """Open a talker of the theatre, up to its question; return the chat and the run."""
    save_talker(domain=DOMAIN, key=key, title=key, source=f"💬 Museum {key}:\n{script}")
    chat = person.open(f".HOST,{DOMAIN},{key}")
    runs = Run.objects.filter(script="OnChatActivated", domain=DOMAIN)
    return chat, runs.latest("created_at")


def text(alice: Person) -> Piece:
    chat, run = talk(alice, "text", "- TEXT Your name? >> $n\n- DONE Hello {$n}")
    return Piece(
        "TEXT",
        [reply(alice, chat, Answer="Alice")],
        [says(chat, "DONE Hello Alice"), ends(run)],
    )


def text_again(alice: Person) -> Piece:
    chat, run = talk(alice, "again", "- TEXT Your name? >> $n\n- DONE Hello {$n}")
    alice.answer_last(chat, Answer="")
    return Piece(
        "TEXT asked again",
        [reply(alice, chat, Answer="Alice")],
        [says(chat, "DONE Hello Alice"), ends(run)],
    )


ONE = "- ONE Which? >> $w:\n    Options: [/Red wine, White]\n- DONE You have {$w}"


def one(alice: Person) -> Piece:
    chat, run = talk(alice, "one", ONE)
    return Piece(
        "ONE",
        [reply(alice, chat, Answer="Red")],
        [says(chat, "DONE You have Red"), ends(run)],
    )


def one_again(alice: Person) -> Piece:
    chat, run = talk(alice, "one-again", ONE)
    alice.answer_last(chat, Answer="Green")
    return Piece(
        "ONE asked again",
        [reply(alice, chat, Answer="White")],
        [says(chat, "DONE You have White"), ends(run)],
    )


def confirm_that_is_read(alice: Person) -> Piece:
    chat, run = talk(alice, "confirm", "- CONFIRM Sure? >> $y\n- IF $y: DONE Yes\n- ELSE: FAIL No")
    return Piece(
        "CONFIRM whose answer is read",
        [reply(alice, chat, Result="NO")],
        [says(chat, "FAIL No"), ends(run)],
    )


def confirm_that_ends_the_run(alice: Person) -> Piece:
    chat, run = talk(alice, "bare", "- CONFIRM Sure?\n- DONE Yes")
    return Piece(
        "CONFIRM whose no ends the run",
        [reply(alice, chat, Result="NO")],
        [says(chat, "CONFIRM Sure?"), ends(run, "DECLINED")],
    )


def question(command: str, answer: Any, line: str) -> Callable[[Person], Piece]:
    """Return what parks at a question of this kind, to be answered and shown."""
    word = command.split()[0]

    def parked(alice: Person) -> Piece:
        head, colon, rest = command.partition(":\n")
        script = f"- {head} >> $x{colon and ':'}\n{rest}\n- DONE It is {{$x}}"
        chat, run = talk(alice, word.lower(), script)
        return Piece(
            word,
            [reply(alice, chat, Answer=answer)],
            [says(chat, f"DONE It is {line}"), ends(run)],
        )

    return parked


def number_asked_back(alice: Person) -> Piece:
    chat, run = talk(alice, "rounds", "- QUANTITY How many? >> $n\n- DONE {$n}, from {$n.Text}")
    alice.answer_last(chat, Answer="2.5")
    return Piece(
        "QUANTITY that asks whether a rounded number will do",
        [reply(alice, chat, Result="YES")],
        [says(chat, "DONE 3, from 2.5"), ends(run)],
    )


def menu(alice: Person) -> Piece:
    chat, run = talk(alice, "menu", "- DONE One\n💬 /Two of them:\n- DONE Two")
    return Piece(
        "TALK that asks which entry",
        [reply(alice, chat, Answer="Two")],
        [says(chat, "DONE Two"), ends(run)],
    )


def home(alice: Person) -> Piece:
    chat, _ = talk(alice, "home", "- TEXT Your name? >> $n\n- DONE Hello {$n}")
    alice.answer_last(chat, Answer="Bob")
    assert alice.send(BROKER, "Home@Broker", {"Chat": chat}).status == 200
    pump()
    again = Run.objects.filter(script="Home@Host", domain=DOMAIN).latest("created_at")
    return Piece(
        "TALK that began again",
        [reply(alice, chat, Answer="Alice")],
        [says(chat, "DONE Hello Alice"), ends(again)],
    )


def line_with_options(alice: Person) -> Piece:
    chat, run = talk(
        alice,
        "line",
        "- INFO >> $p:\n    Text: More?\n    Options: [Yes]\n- IF $p: DONE More\n"
        "- ELSE: WAIT museum-line\n",
    )
    return Piece(
        "INFO with options, before the choice",
        [reply(alice, chat, Answer="Yes")],
        [says(chat, "DONE More"), ends(run)],
    )


def return_that_is_set(alice: Person) -> Piece:
    run = begin('- PUT 1 >> $n\n- HOOK museum-return >> $r\n- RETURN: "{$n}{$r}"')
    waits = begin("- HOOK museum-back >> $r\n- IF $r:\n    RETURN: $r\n- WAIT museum-never")
    pump()
    return Piece(
        "HOOK whose run waits elsewhere",
        [signal("museum-back", "back")],
        [ends(waits, result="back"), ends(run, result="1")],
    )


def imprint(alice: Person) -> Piece:
    run = begin(
        "- PUT kept >> $a\n- IMPRINT museum-imprint\n- PUT >> $a\n- WAIT museum-recall\n"
        "- RECALL museum-imprint\n- RETURN: $a"
    )
    pump()
    return Piece(
        "IMPRINT before its RECALL", [signal("museum-recall", "x")], [ends(run, result="kept")]
    )


def alarm(alice: Person) -> Piece:
    waits = begin("- WAIT museum-alarm >> $a\n- RETURN: $a")
    begin(
        "Now:\n- ALARM 2 hours:\n    Script: Later\n    What: rings\n"
        "Later:\n- RACE museum-alarm: $What"
    )
    pump()
    return Piece("ALARM", [wait(2 * HOUR + 1)], [ends(waits, result="rings")])


def sleep(alice: Person) -> Piece:
    run = begin("- WAIT 1 hour\n- RETURN: awake")
    pump()
    return Piece("WAIT for a period", [wait(HOUR + 1)], [ends(run, result="awake")])


# -- the flow -----------------------------------------------------------------------------------


def issue_accepted(alice: Person) -> Piece:
    chat, token = offered_ticket(alice)
    return Piece(
        "ISSUE, accepted",
        [reply(alice, chat, Result="YES"), saves(alice, chat, token)],
        [says(chat, THANKS), states(token, "ACCEPTED", "SAVED")],
    )


def issue_declined(alice: Person) -> Piece:
    chat, token = offered_ticket(alice)
    return Piece(
        "ISSUE, declined",
        [reply(alice, chat, Result="NO")],
        [says(chat, NO_TICKET), states(token, "DECLINED", "DECLINED")],
    )


def issue_lapsed(alice: Person) -> Piece:
    chat, token = offered_ticket(alice)
    return Piece(
        "ISSUE, nobody answers in seven days",
        [wait(8 * 24 * HOUR)],
        [says(chat, NO_TICKET), states(token, "EXPIRED", "EXPIRED")],
    )


def issue_agreed(alice: Person) -> Piece:
    chat, token = agreed_ticket(alice)
    return Piece(
        "ISSUE, accepted and not yet downloaded",
        [saves(alice, chat, token)],
        [says(chat, THANKS), states(token, "ACCEPTED", "SAVED")],
    )


# -- in the midst of work: each is prepared first, and stopped when all are prepared --------------

Stopped = Iterator[Piece | None]


def answered_but_not_advanced(alice: Person, midst: Midst) -> Stopped:
    run = begin("- WAIT museum-answered >> $a\n- RETURN: $a")
    pump()
    yield None
    moments.knock("museum-answered", "before the release")
    midst.park(run)
    yield Piece("WAIT that is answered", [], [ends(run, result="before the release")])


def answer_received(alice: Person, midst: Midst) -> Stopped:
    chat, token = agreed_ticket(alice)
    assert alice.download(chat, DOMAIN, token).status == 200
    yield None
    assert alice.saved(DOMAIN, token).status == 200
    midst.until_run("Offered@Issuer", "READY")
    yield Piece(
        "a message received, its handler not begun",
        [],
        [says(chat, THANKS), states(token, "ACCEPTED", "SAVED")],
    )


def face_is_told_to_the_broker(alice: Person, midst: Midst) -> Stopped:
    chat, _ = talk(alice, "face", "- INFO Hello")
    row = Chat.objects.get(domain=DOMAIN, chat=chat)
    yield None
    run = begin(
        f"Face:\n- READ Host.Chats >> $c:\n    Key: {row.pk}\n- CHAT $c\n- EMOJI 😌\n- DONE Smiles"
    )
    midst.until_run("Face", "WAITING")
    yield Piece("EMOJI that waits for the broker", [], [says(chat, "DONE Smiles"), ends(run)])


def host_asks_the_broker(alice: Person, midst: Midst) -> Stopped:
    chat = moments.shown(alice, f".HOST,{DOMAIN},ticket")
    yield None
    moments.open_chat(alice, chat)
    midst.until_run("Hello@Host", "WAITING")
    line = "TEXT What name should be on the ticket?"
    yield Piece("SEND that waits for its answer", [], [says(chat, line)])


def wallet_asks_while_the_server_dies(alice: Person, midst: Midst) -> Stopped:
    yield None
    raw = moments.onboarding_cut_short()
    midst.until_run("Onboard@Notifier", "WAITING")
    step = {"do": "post", "at": 40, "raw": raw}
    expect = {"that": "answer", "raw": raw, "has": "Wallet"}
    yield Piece("a sync message whose server died", [step], [expect])


def never_advanced(alice: Person, midst: Midst) -> Stopped:
    yield None
    run = begin("- RETURN: begun at last")
    midst.park(run)
    yield Piece("a run that never began", [], [ends(run, result="begun at last")])


def yielded(alice: Person, midst: Midst) -> Stopped:
    yield None
    run = begin("- PUT 0 >> $n\n" + "- SET $n.Add(1)\n" * 130 + "- RETURN: $n")
    claim = wakes.claim(run.pk)
    assert claim is not None and advance_once(run.pk, claim)
    midst.park(run)
    yield Piece("a run that paused in a long script", [], [ends(run, result=130)])


SETTLED: tuple[Callable[[Person], Piece], ...] = (
    wait_inside_run_inside_if,
    *map(inside, BLOCKS),
    wait_with_timeout,
    race_and_its_partner,
    quarantined,
    text,
    text_again,
    one,
    one_again,
    confirm_that_is_read,
    confirm_that_ends_the_run,
    question("MANY Which?:\n    Options: [/Red wine, White]", ["White", "Red"], '["Red","White"]'),
    question("DIGITS Code?", "007", "007"),
    question("QUANTITY How many?", "1250", "1,250"),
    question("AMOUNT How much?:\n    Currency: EUR", "12.5", "€12.50"),
    question("STARS How was it?", "4", "4"),
    question("DATE Which day?", "2026-05-01", "2026-05-01"),
    question("TIME When?", "18:30", "18:30"),
    number_asked_back,
    menu,
    home,
    line_with_options,
    return_that_is_set,
    imprint,
    alarm,
    sleep,
    issue_accepted,
    issue_declined,
    issue_lapsed,
    issue_agreed,
)
STOPPED: tuple[Callable[[Person, Midst], Stopped], ...] = (
    answered_but_not_advanced,
    answer_received,
    face_is_told_to_the_broker,
    host_asks_the_broker,
    wallet_asks_while_the_server_dies,
    never_advanced,
    yielded,
)


def park_all(alice: Person) -> list[Piece]:
    """Park every piece, and return what is to become of each."""
    pieces = [park(alice) for park in SETTLED]
    midst = Midst()
    prepared = [stop(alice, midst) for stop in STOPPED]
    for each in prepared:
        next(each)
    stopped = [piece for each in prepared for piece in each]
    return pieces + [piece for piece in stopped if piece is not None]
