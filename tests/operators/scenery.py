"""A row of every model that has a page at `/ops/`, for one domain; and people who look at them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from broker import models as broker
from host import models as host
from issuer import models as issuer
from messaging import clock, keys
from messaging import models as messaging
from messaging.ids import uuid7
from operators import acts
from operators.models import Act, LoginPlace, LoginTries, UserDomain
from operators.pages import DomainAdmin
from scripts import library
from scripts import models as scripts
from scripts.language.continuation import start
from wallets import models as wallets

MINE, OTHERS = "theatre.test", "gym.test"
# The rows of each domain, by the label of their model.
Scene = dict[str, dict[str, Model]]
LOANS = "Prefix: Theatre\nTable: Seats\nItem: Seat\nKey: Row\n"


def pages() -> list[DomainAdmin]:
    """Return every page at `/ops/`."""
    return [page for page in admin.site._registry.values() if isinstance(page, DomainAdmin)]


def address(page: DomainAdmin, what: str = "changelist", *args: Any) -> str:
    return reverse(f"admin:{page.opts.app_label}_{page.opts.model_name}_{what}", args=args)


def user(name: str, *, group: str = "", domains: tuple[str, ...] = (), **more: Any) -> User:
    """Make somebody with an account at `/ops/`."""
    made = User.objects.create_user(name, is_staff=True, **more)
    if group:
        made.groups.add(Group.objects.get(name=group))
    for domain in domains:
        UserDomain.objects.create(user=made, domain_id=domain)
    return made


def logged_in(account: User) -> Client:
    client = Client()
    client.force_login(account)
    return client


def given(account: User, *codenames: str) -> User:
    """Give permissions to somebody; return him anew, because Django remembers the old ones."""
    account.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    return User.objects.get(pk=account.pk)


def press(client: Client, page: DomainAdmin, verb: str, *keys_: Any, **more: Any) -> Any:
    data = {"action": verb, "_selected_action": list(map(str, keys_)), **more}
    return client.post(address(page), data)


def mark(answer: Any) -> str:
    """Return the mark of the press that a page offers."""
    return str(answer.context["form"]["press"].value())


def do(client: Client, page: DomainAdmin, verb: str, *keys_: Any, reason: str = "a test") -> Any:
    asked = press(client, page, verb, *keys_)
    assert asked.status_code == 200, verb
    again = {"post": "yes", "reason": reason, "press": mark(asked)}
    return press(client, page, verb, *keys_, **again)


def fill(domain: str) -> dict[str, Model]:
    """Make one row of each model for a domain; return them by their label.

    Rows that belong to no domain are made once, by whichever domain comes first.
    """
    made = {**_messaging(domain), **_scripts(domain), **_host(domain), **_roles(domain)}
    made["auth.user"] = somebody = User.objects.create_user(f"somebody-of-{domain}")
    made["auth.group"] = Group.objects.create(name=f"people of {domain}")
    made["operators.userdomain"] = UserDomain.objects.create(user=somebody, domain_id=domain)
    doer = acts.Doer("olga", "because")
    acts.record(doer, "scripts.cancel_run", acts.Subject("scripts.run", "1", "x", domain), "ok")
    tries, place = LoginTries(share="a", at=clock.now()), LoginPlace(pair="b", at=clock.now())
    for row in (tries, place):
        row.save()
    made["operators.logintries"], made["operators.loginplace"] = tries, place
    made["messaging.pruning"], _ = messaging.Pruning.objects.get_or_create(
        rule="a", defaults={"due_at": clock.now()}
    )
    made["operators.act"] = Act.objects.get(domain=domain)
    return made


def _messaging(domain: str) -> dict[str, Model]:
    now = clock.now()
    hosted = keys.create_domain(domain, f"House of {domain}")
    sent = {"sender": domain, "recipient": domain, "subject": "Feedback@Buffer"}
    outgoing = messaging.OutboxMessage.objects.create(
        **sent,
        key=f"{domain} 1",
        correlation=uuid7(),
        body={},
        state="DEAD",
        due_at=now,
        created_at=now,
    )
    return {
        "messaging.hosteddomain": hosted,
        "messaging.domainkey": messaging.DomainKey.objects.get(domain=hosted),
        "messaging.peerkey": messaging.PeerKey.objects.create(
            domain=f"peer.{domain}", selector="pw1", source="DNS", public_key="x", created_at=now
        ),
        "messaging.keylookup": messaging.KeyLookup.objects.create(
            domain=f"peer.{domain}", selector="pw1", claimed_until=now
        ),
        "messaging.inboxmessage": messaging.InboxMessage.objects.create(
            **sent,
            repeat_key=f"{domain} 1",
            correlation=uuid7(),
            timestamp=now,
            envelope={},
            received_at=now,
        ),
        "messaging.outboxmessage": outgoing,
        "messaging.untold": messaging.Untold.objects.create(
            message=outgoing, listens="ANSWER", attempts=8, error=f"of {domain}", since=now
        ),
        "messaging.destination": messaging.Destination.objects.create(
            domain=f"peer.{domain}", state="OPEN", changed_at=now
        ),
        "messaging.pruning": messaging.Pruning.objects.create(rule=f"x of {domain}", due_at=now),
        "messaging.refusal": messaging.Refusal.objects.create(day=now.date(), reason=domain[:20]),
    }


def _scripts(domain: str) -> dict[str, Model]:
    now = clock.now()
    compiled = library.compile_source(
        f"💬 Ticket:\n- INFO: Hi from {domain}\n", file="ticket.yaml", name=f"{domain}/ticket"
    )
    library.store(compiled)
    stored = scripts.ScriptVersion.objects.filter(pk=compiled.hash)
    stored.update(stopped_at=now)
    version = stored.get()
    run = scripts.Run.objects.create(
        domain=domain,
        trigger=f"test:{domain}",
        script="Ticket",
        version=version,
        state="QUARANTINED",
        rev=1,
        continuation=start(version.pk, "💬 Ticket", {}).to_json(),
        created_at=now,
    )
    hook = scripts.Hook.objects.create(domain=domain, name=f"hook of {domain}", run=run)
    dataset = scripts.ItemSet.objects.create(
        domain=domain, name=f"Seats.{domain}", source=LOANS, updated_at=now
    )
    item = scripts.Item.objects.create(
        set=dataset, key=f"row of {domain}", created_at=now, updated_at=now
    )
    return {
        "scripts.scriptversion": version,
        "scripts.run": run,
        "scripts.hook": hook,
        "scripts.itemset": dataset,
        "scripts.item": item,
        "scripts.itemhistory": scripts.ItemHistory.objects.create(
            item=item, version=1, event="INSERTED", data={}, at=now
        ),
        "scripts.quarantine": scripts.Quarantine.objects.create(
            run=run, at=now, attempts=8, fault=f"fault of {domain}", worker="w"
        ),
        "scripts.ready": scripts.Ready.objects.create(run=run, due_at=now),
        "scripts.timer": scripts.Timer.objects.create(run=run, due_at=now),
        "scripts.runevent": scripts.RunEvent.objects.create(run=run, rev=1, kind="PARKED", at=now),
        "scripts.checkpoint": scripts.Checkpoint.objects.create(
            hook=hook, run=run, number=1, continuation={}
        ),
        "scripts.imprint": scripts.Imprint.objects.create(
            domain=domain, hook="h", run=run, holders={}
        ),
        "scripts.signal": scripts.Signal.objects.create(
            hook=hook, source="s", origin=f"domain:{domain}", created_at=now
        ),
    }


def _host(domain: str) -> dict[str, Model]:
    now = clock.now()
    chat = host.Chat.objects.create(
        domain=domain, broker="broker.test", chat=uuid7(), public_key="x", created_at=now
    )
    prompt = host.Prompt.objects.create(
        chat=chat, format="INFO", text=f"Hello from {domain}", expires_at=now, created_at=now
    )
    written = {"domain": domain, "title": f"Title of {domain}"}
    return {
        "host.chat": chat,
        "host.prompt": prompt,
        "host.appendix": host.Appendix.objects.create(prompt=prompt, type="PDF", content=b"x"),
        "host.talker": host.Talker.objects.create(
            **written, key="ticket", source="💬 T:\n- INFO: Hi\n", updated_at=now
        ),
        "host.talkerfile": host.TalkerFile.objects.create(
            domain=domain, path=f"{domain}/x.yaml", key="x", digest="", read_at=now
        ),
        "host.registered": host.Registered.objects.create(
            domain=domain, key=f"k of {domain}", script="T", created_at=now, expires_at=now
        ),
        "host.title": host.Title.objects.create(code=f"{domain}/SEAT:1.0", title="Seat"),
        "host.schema": host.Schema.objects.create(code=f"{domain}/SEAT", title="Seat"),
        "host.manifest": host.Manifest.objects.create(**written),
        "host.form": host.Form.objects.create(**written, key="join"),
        "host.trust": host.Trust.objects.create(**written),
    }


def _roles(domain: str) -> dict[str, Model]:
    now = clock.now()
    later = now + timedelta(days=1)
    token = issuer.Token.objects.create(
        domain=domain,
        state="ACCEPTED",
        broker="broker.test",
        chat=uuid7(),
        schema=f"{domain}/SEAT:1.0",
        starts=now,
        until=later,
        decide_at=later,
        document={},
        created_at=now,
    )
    wallet = broker.Wallet.objects.create(
        domain=domain, public_key=f"w {domain}", notifier="n.test", language="en", created_at=now
    )
    chat = broker.Chat.objects.create(
        domain=domain,
        wallet=wallet,
        hook=uuid7(),
        locator="x",
        host=f"host.{domain}",
        created_at=now,
    )
    mirror = broker.Token.objects.create(
        domain=domain,
        issuer=f"issuer.{domain}",
        token=uuid7(),
        wallet=wallet,
        chat=chat,
        starts=now,
        until=later,
        created_at=now,
    )
    registration = wallets.Registration.objects.create(
        domain=domain, wallet=uuid7(), broker="broker.test", language="en", created_at=now
    )
    return {
        "issuer.token": token,
        "issuer.tokenevent": issuer.TokenEvent.objects.create(
            token=token, kind="STATE", value="ISSUED", at=now
        ),
        "broker.wallet": wallet,
        "broker.chat": chat,
        "broker.token": mirror,
        "broker.tokenevent": broker.TokenEvent.objects.create(
            token=mirror, kind="STATE", value="ISSUED", at=now
        ),
        "broker.intent": broker.Intent.objects.create(
            chat=chat,
            sender=f"host.{domain}",
            prompt=uuid7(),
            format="INFO",
            expires=later,
            created_at=now,
        ),
        "broker.notifier": broker.Notifier.objects.create(domain=domain, name="n.test"),
        "wallets.notifierbroker": wallets.NotifierBroker.objects.create(
            domain=domain, broker="broker.test"
        ),
        "wallets.registration": registration,
        "wallets.notification": wallets.Notification.objects.create(
            registration=registration,
            subject="Prompt@Notifier",
            correlation=uuid7(),
            message={},
            created_at=now,
        ),
        "wallets.subscription": wallets.Subscription.objects.create(
            registration=registration, endpoint=f"https://push.{domain}/secret", created_at=now
        ),
    }
