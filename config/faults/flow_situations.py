"""The situations of a whole flow: a person's word, the broker's and the issuer's timers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from broker.models import Token as BrokerToken
from config.faults import hands
from config.faults.agreed import AGREED
from config.faults.cases import Case, Operation, Told, World, judge_run
from config.faults.scene import BROKER, ISSUER
from host.models import Prompt
from issuer.models import Token, TokenEvent
from messaging import clock, inbox
from messaging.models import InboxMessage, OutboxMessage
from scripts import services, wakes
from scripts.language.values import decode
from scripts.models import Run
from scripts.states import RunState


def message(world: World, rung: hands.Bells) -> Case:
    """The same message of a person comes in twice, and its handler runs."""
    world.order(rung)
    raw, other = _reply(world, "YES"), _reply(world, "NO")
    operations = {
        "receive": Operation(lambda: inbox.receive(raw).status),
        "again": Operation(lambda: inbox.receive(raw).status),
        "contrary": Operation(lambda: inbox.receive(other).status),
        "sweep": Operation(services.sweep),
    }
    return Case(operations, _judge_flow(world))


def _reply(world: World, result: str) -> bytes:
    """Return a person's answer to the newest question in the chat."""
    prompt = Prompt.objects.filter(chat__chat=world.chat, format="CONFIRM").latest("created_at")
    body = {"Prompt": str(prompt.pk), "Result": result}
    envelope = world.wallet._envelope(BROKER, "Reply@Host", body, sender="Anonymous")
    return envelope.signed(world.wallet.chat_key(world.chat)).to_bytes()


# -- the flow's own decisions ---------------------------------------------------------------------


def _judge_flow(world: World) -> Callable[[Told], list[str]]:
    """Both domains agree, each decided once, and nothing was sent twice."""
    number = world.number

    def judge(told: Told) -> list[str]:
        run = Run.objects.get(script="Order", trigger=f"order:{number}")
        wrong = judge_run(run)
        token = Token.objects.get(context__Order=str(number))
        mirror = BrokerToken.objects.filter(token=token.pk).first()
        sides = (str(token.state), token.status, *_side(mirror))
        if not any(sides == agreed[:4] for agreed in AGREED):
            wrong.append(f"issuer and broker say {sides}")
        accepted = AGREED.get((*sides, True)) == "accepted"
        if run.state != RunState.DONE or bool(decode(run.result)["Token"]) != accepted:
            wrong.append(f"{sides}, and the script is {run.state} with {run.result}")
        decided = TokenEvent.objects.filter(token=token, kind="STATE").exclude(
            value__in=["ISSUED", "OFFERED"]
        )
        if decided.count() != 1:
            wrong.append(f"the issuer decided {[event.value for event in decided]}")
        for subject in ("Issue@Broker", "Offered@Issuer", "Save@Notifier"):
            if OutboxMessage.objects.filter(subject=subject, body__Token=str(token.pk)).count() > 1:
                wrong.append(f"{subject} was sent more than once")
        if InboxMessage.objects.filter(state="RECEIVED").exists():
            wrong.append("a message was received and never handled")
        return wrong

    return judge


def _side(mirror: BrokerToken | None) -> tuple[str | None, str | None]:
    return (None, None) if mirror is None else (str(mirror.state), mirror.status)


def _run_of(script: str, domain: str) -> Run:
    return Run.objects.filter(script=script, domain=domain).latest("created_at")


def asked(world: World, rung: hands.Bells) -> Case:
    """The person is asked, and the offer's time is up: their yes meets the broker's own timer."""
    order = world.order(rung)
    left = (order.until - clock.now()).total_seconds()
    yes = _reply(world, "YES")
    lapse, question = _run_of("OnTokenLapsed", BROKER), _run_of("OnTokenDetailed", BROKER)

    def say_yes() -> None:
        inbox.receive(yes)
        services.advance(_run_of("Reply@Host", BROKER).pk)
        services.advance(question.pk)

    operations = {
        "yes": Operation(say_yes),
        "lapse": Operation(lambda: _fired(lapse), left + 1),
        "time out": Operation(lambda: _fired(question), left + 1),
        "sweep": Operation(services.sweep, left + 1),
    }
    return Case(operations, _judge_flow(world))


def _fired(run: Run) -> None:
    """Fire what is due, and advance this run as the worker would that hears its bell."""
    wakes.fire_timers()
    services.advance(run.pk)


def saved(world: World, rung: hands.Bells) -> Case:
    """The wallet has the token; its word, the broker's timer and the issuer's meet."""
    order = world.order(rung)
    yes = _reply(world, "YES")
    inbox.receive(yes)
    hands.drain(rung)
    token = Token.objects.get(context__Order=str(order.number))
    left = (order.until - clock.now()).total_seconds()
    decide = (token.decide_at - clock.now()).total_seconds()
    body = {"Issuer": ISSUER, "Token": str(token.pk), "Path": "tokens/1"}
    word = world.wallet._envelope(BROKER, "Saved@Broker", body).signed(world.wallet.key).to_bytes()
    theirs, ours = _run_of("OnTokenLapsed", BROKER), _run_of("OnTokenLapsed", ISSUER)

    def say_saved() -> None:
        inbox.receive(word)
        services.advance(_run_of("Saved@Broker", BROKER).pk)

    operations = {
        "saved": Operation(say_saved),
        "broker lapses": Operation(lambda: _fired(theirs), left + 1),
        "issuer lapses": Operation(lambda: _fired(ours), decide + 1),
        "sweep": Operation(services.sweep),
    }
    return Case(operations, _judge_flow(world))


SITUATIONS: Mapping[str, Callable[[World, hands.Bells], Case]] = {
    each.__name__: each for each in (message, asked, saved)
}
