"""What waits for a wallet, and the wallet's word that it has it."""

from __future__ import annotations

import threading

from django.db import connection
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from wallets import services
from wallets.api import serializers as shapes
from wallets.api.authentication import WalletSignature, authenticated
from wallets.models import Notification, NotifierBroker, Registration
from wallets.selectors import waiting_notifications
from wallets.waiting import watch

_connections = threading.BoundedSemaphore(24)  # kept by wallets that wait
ERRORS = {
    400: OpenApiResponse(description="What was asked makes no sense; the fields say why"),
    401: OpenApiResponse(shapes.ErrorSerializer, "The signature, its time or the wallet is wrong"),
}


class AboutView(APIView):
    """Which notifiers are served here."""

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(responses=shapes.AboutSerializer)
    def get(self, request: Request) -> Response:
        notifiers = NotifierBroker.objects.order_by("domain")
        return Response(shapes.AboutSerializer({"Notifiers": notifiers}).data)


class NotificationsView(APIView):
    """The queue of one wallet."""

    authentication_classes = (WalletSignature,)
    permission_classes = ()

    @extend_schema(
        parameters=[shapes.PollSerializer],
        responses={200: shapes.NotificationsSerializer, **ERRORS},
    )
    def get(self, request: Request) -> Response:
        """Return what is not acknowledged, oldest first; wait up to `wait` seconds for any."""
        asked = shapes.PollSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        waiting = poll(authenticated(request), **asked.validated_data)
        return Response(shapes.NotificationsSerializer({"Notifications": waiting}).data)


class AcknowledgeView(APIView):
    """Takes notifications off the queue."""

    authentication_classes = (WalletSignature,)
    permission_classes = ()

    @extend_schema(
        request=shapes.AcknowledgeSerializer,
        responses={200: shapes.AcknowledgedSerializer, **ERRORS},
    )
    def post(self, request: Request) -> Response:
        """Acknowledge notifications by id; others' and unknown ids are passed over."""
        given = shapes.AcknowledgeSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        count = services.acknowledge(authenticated(request), given.validated_data["IDs"])
        return Response({"Acknowledged": count})


def poll(registration: Registration, *, wait: float, limit: int) -> list[Notification]:
    """Return up to `limit` waiting notifications, after at most `wait` seconds.

    Of the waiting wallets the first few keep their connection to a database server, others none.
    """
    waiting = list(waiting_notifications(registration)[:limit])
    if waiting or wait <= 0:
        return waiting
    keeps = connection.vendor == "sqlite" or _connections.acquire(blocking=False)
    if not keeps:
        connection.close()
    try:
        come = watch.wait(registration.pk, wait)
    finally:
        if keeps and connection.vendor != "sqlite":
            _connections.release()
    return list(waiting_notifications(registration)[:limit]) if come else []
