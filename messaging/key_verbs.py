"""What operators do to keys, dead messages and destinations."""

from __future__ import annotations

from messaging import breaker, key_life, outbox
from messaging.errors import MessagingError
from messaging.models import Destination, DomainKey, HostedDomain, OutboxMessage, Untold
from messaging.states import BreakerState, KeyState, OutboxState
from operators.verbs import Doer, Verb

REFUSALS = (MessagingError,)


def _make_next(domain: HostedDomain, doer: Doer) -> str:
    made = key_life.create_next(domain.name)
    return f"{made} is made: publish what `domain dns {domain.name}` prints, then rotate."


MAKE_NEXT = Verb(
    name="make_next_key",
    permission="messaging.create_domainkey",
    label="Make the next key",
    effect=(
        "It gets a key that signs nothing yet: publish it in DNS, then rotate.",
        "Each gets a key that signs nothing yet: publish it in DNS, then rotate.",
    ),
    done=("has its next key", "have their next keys"),
    does=_make_next,
    refusals=REFUSALS,
    tells=True,
)


def _rotate(key: DomainKey, doer: Doer) -> str:
    following, before = key_life.rotate(key.domain_id)
    return f"{following} signs now; {before} still verifies: leave it in DNS."


def _not_next(key: DomainKey) -> str:
    return "" if key.state == KeyState.NEXT else f"it is {key.state}, not a NEXT key"


ROTATE = Verb(
    name="rotate",
    permission="messaging.rotate_domainkey",
    label="Sign with this key from now on",
    effect=(
        "Its domain signs with it from now on; the key before still verifies.",
        "Their domains sign with them from now on; the keys before still verify.",
    ),
    done=("signs now", "sign now"),
    does=_rotate,
    left=_not_next,
    refusals=REFUSALS,
    tells=True,
)


def _retire(key: DomainKey, doer: Doer) -> str:
    return f"{key_life.retire(key.domain_id, key.selector)} is retired: its private half is gone."


def _not_retirable(key: DomainKey) -> str:
    allowed = key.state in (KeyState.PREVIOUS, KeyState.NEXT)
    return "" if allowed else f"it is {key.state}; only a PREVIOUS or NEXT key is retired"


RETIRE = Verb(
    name="retire",
    permission="messaging.retire_domainkey",
    label="Retire",
    effect=(
        "Its private half is destroyed. The documents that it signed still verify.",
        "Their private halves are destroyed. The documents that they signed still verify.",
    ),
    done=("is retired", "are retired"),
    does=_retire,
    left=_not_retirable,
    refusals=REFUSALS,
    tells=True,
)


def _compromise(key: DomainKey, doer: Doer) -> str:
    lost, current = key_life.compromise(key.domain_id, key.selector)
    return f"{lost} is refused from now on; {current} signs: publish `domain dns {key.domain_id}`."


def _compromised(key: DomainKey) -> str:
    return "it is COMPROMISED already" if key.state == KeyState.COMPROMISED else ""


COMPROMISE = Verb(
    name="compromise",
    permission="messaging.compromise_domainkey",
    label="Declare compromised",
    effect=(
        "All that it has ever signed is refused, the tokens too. This cannot be undone.",
        "All that they have ever signed is refused, the tokens too. This cannot be undone.",
    ),
    done=("is compromised", "are compromised"),
    does=_compromise,
    left=_compromised,
    refusals=REFUSALS,
    tells=True,
)


def _send_again(message: OutboxMessage, doer: Doer) -> str:
    return "will be sent again" if outbox.resend(message.pk) else ""


def _not_dead(message: OutboxMessage) -> str:
    return "" if message.state == OutboxState.DEAD else f"it is {message.state}, not dead"


SEND_AGAIN = Verb(
    name="send_again",
    permission="messaging.resend_outboxmessage",
    label="Send again",
    effect=(
        "It is tried again with all its attempts, unless its occasion is over.",
        "They are tried again with all their attempts, but for those whose occasion is over.",
    ),
    done=("will be sent again", "will be sent again"),
    does=_send_again,
    left=_not_dead,
)


def _tell_again(untold: Untold, doer: Doer) -> str:
    return "will be told again" if outbox.retell(untold.pk) else ""


TELL_AGAIN = Verb(
    name="tell_again",
    permission="messaging.retell_untold",
    label="Tell again",
    effect=(
        "It is told again, eight times if need be.",
        "They are told again, eight times if need be.",
    ),
    done=("will be told again", "will be told again"),
    does=_tell_again,
)


def _probe(destination: Destination, doer: Doer) -> str:
    return "tried now" if breaker.probe_now(destination.pk) else ""


def _not_down(destination: Destination) -> str:
    return "it is not down" if destination.state == BreakerState.CLOSED else ""


PROBE = Verb(
    name="probe",
    permission="messaging.probe_destination",
    label="Try now",
    effect=("One message is sent to it now.", "One message is sent to each of them now."),
    done=("is tried now", "are tried now"),
    does=_probe,
    left=_not_down,
)
