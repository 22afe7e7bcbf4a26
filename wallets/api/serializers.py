"""The shapes of the wallet's API."""

from __future__ import annotations

import math

from rest_framework import serializers

from wallets import push

MOST = 100
LONGEST_WAIT = 25


class NotifierSerializer(serializers.Serializer):  # type: ignore[type-arg]
    Domain = serializers.CharField(source="domain")
    Broker = serializers.CharField(source="broker")


class AboutSerializer(serializers.Serializer):  # type: ignore[type-arg]
    Notifiers = NotifierSerializer(many=True)


class NotificationSerializer(serializers.Serializer):  # type: ignore[type-arg]
    ID = serializers.UUIDField(source="id")
    Subject = serializers.CharField(source="subject")
    Created = serializers.DateTimeField(source="created_at")
    Message = serializers.DictField(source="message", help_text="The broker's signed message")


class NotificationsSerializer(serializers.Serializer):  # type: ignore[type-arg]
    Notifications = NotificationSerializer(many=True)


def is_a_number(seconds: float) -> None:
    """Raise ValidationError for `nan`, which is neither below nor above anything."""
    if math.isnan(seconds):
        raise serializers.ValidationError("not a number of seconds")


class PollSerializer(serializers.Serializer):  # type: ignore[type-arg]
    wait = serializers.FloatField(
        default=0, min_value=0, max_value=LONGEST_WAIT, validators=[is_a_number]
    )
    limit = serializers.IntegerField(default=50, min_value=1, max_value=MOST)


class AcknowledgeSerializer(serializers.Serializer):  # type: ignore[type-arg]
    IDs = serializers.ListField(child=serializers.UUIDField(), allow_empty=False, max_length=MOST)


class AcknowledgedSerializer(serializers.Serializer):  # type: ignore[type-arg]
    Acknowledged = serializers.IntegerField()


class PushKeySerializer(serializers.Serializer):  # type: ignore[type-arg]
    PublicKey = serializers.CharField(
        allow_blank=True,
        help_text="What a browser subscribes with, base64url; empty where there is no Web Push",
    )


def of_a_push_service(endpoint: str) -> None:
    """Raise ValidationError for an address that is not posted to."""
    try:
        push.check_endpoint(endpoint)
    except ValueError as error:
        raise serializers.ValidationError(str(error)) from None


class EndpointSerializer(serializers.Serializer):  # type: ignore[type-arg]
    Endpoint = serializers.CharField(
        max_length=push.LONGEST_ENDPOINT,
        validators=[of_a_push_service],
        help_text="Where the browser's vendor takes pushes: https, on the public internet",
    )


class SubscriptionsSerializer(serializers.Serializer):  # type: ignore[type-arg]
    Subscriptions = serializers.IntegerField(help_text="How many browsers of this wallet there are")


class RelayedSerializer(serializers.Serializer):  # type: ignore[type-arg]
    Status = serializers.IntegerField(help_text="The HTTP status of the peer's inbox")
    Answer = serializers.DictField(help_text="What it answered; empty for async messages")


class ErrorSerializer(serializers.Serializer):  # type: ignore[type-arg]
    detail = serializers.CharField()
