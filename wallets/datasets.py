"""The notifier's datasets, as its scripts see them."""

from __future__ import annotations

from typing import Any

from scripts.errors import refused
from scripts.registry import Dataset, Row, Write
from wallets import selectors, services
from wallets.models import Registration


def read_broker(domain: str, key: Any) -> Row | None:
    broker = selectors.broker_of(domain)
    return None if broker is None else Row(key=domain, fields={"Broker": broker})


def wallet_row(registration: Registration) -> Row:
    return Row(
        key=str(registration.pk),
        fields={
            "Wallet": str(registration.wallet),
            "PublicKey": registration.public_key,
            "Broker": registration.broker,
            "Language": registration.language,
        },
    )


def read_wallet(domain: str, key: Any) -> Row | None:
    registration = selectors.registration_of(domain, key)
    return None if registration is None else wallet_row(registration)


def insert_wallet(write: Write) -> Row:
    fields = write.fields
    return wallet_row(
        services.register_wallet(
            write.domain,
            wallet=str(fields["Wallet"]),
            public_key=str(fields["PublicKey"]),
            broker=str(fields["Broker"]).lower(),
            language=str(fields["Language"]),
        )
    )


def insert_notification(write: Write) -> Row:
    fields = write.fields
    message = fields.get("Message")
    if not isinstance(message, dict):
        raise refused("Message must be the whole message")
    notification = services.keep_notification(
        write.domain,
        wallet=str(fields["Wallet"]),
        subject=str(fields["Subject"]),
        correlation=str(fields["Correlation"]),
        message=dict(message),
    )
    return Row(key=str(notification.pk), fields={"ID": str(notification.pk)})


def _unread(domain: str, key: Any) -> None:
    """Scripts put notifications in; only the wallet takes them out."""


DATASETS = {
    "Notifier.Brokers": Dataset(read=read_broker),
    "Notifier.Wallets": Dataset(read=read_wallet, insert=insert_wallet),
    "Notifier.Notifications": Dataset(read=_unread, insert=insert_notification),
}
