"""What waits for a wallet, the wallet's word that it has it, and what it passes on."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from django.http import HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from messaging.api.schema import ENVELOPE
from messaging.api.throttle import PublicThrottle
from messaging.later import later
from wallets import push, services
from wallets.api import serializers as shapes
from wallets.api.authentication import WalletSignature, authenticated
from wallets.api.throttle import RelayThrottle, WalletThrottle
from wallets.feed import feed, floor_after, stream
from wallets.models import NotifierBroker
from wallets.relay import Elsewhere, NotRelayed, Relayed, relay
from wallets.selectors import waiting_notifications
from wallets.waiting import TooManyWait, watch

ERRORS = {
    400: OpenApiResponse(description="What was asked makes no sense; the fields say why"),
    401: OpenApiResponse(shapes.ErrorSerializer, "The signature, its time or the wallet is wrong"),
    429: OpenApiResponse(shapes.ErrorSerializer, "Too many requests of this wallet"),
}
BUSY = {503: OpenApiResponse(shapes.ErrorSerializer, "Too many at once; ask again later")}


class AboutView(APIView):
    """Which notifiers are served here."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = (PublicThrottle,)

    @extend_schema(responses={200: shapes.AboutSerializer, 429: ERRORS[429]})
    def get(self, request: Request) -> Response:
        notifiers = NotifierBroker.objects.order_by("domain")
        return Response(shapes.AboutSerializer({"Notifiers": notifiers}).data)


class NotificationsView(APIView):
    """The queue of one wallet."""

    authentication_classes = (WalletSignature,)
    permission_classes = ()
    throttle_classes = (WalletThrottle,)

    @extend_schema(
        parameters=[shapes.PollSerializer],
        responses={200: shapes.NotificationsSerializer, **ERRORS, **BUSY},
    )
    def get(self, request: Request) -> HttpResponse:
        """Return what is not acknowledged, oldest first; wait up to `wait` seconds for any.

        Of more than four that wait for one wallet, the first ends at once with nothing.
        """
        asked = shapes.PollSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        wait, limit = asked.validated_data["wait"], asked.validated_data["limit"]
        registration = authenticated(request)
        there = list(waiting_notifications(registration)[:limit])
        if there or wait <= 0:
            return Response(shapes.NotificationsSerializer({"Notifications": there}).data)
        return later(partial(waited_for, registration.pk, wait, limit))


class AcknowledgeView(APIView):
    """Takes notifications off the queue."""

    authentication_classes = (WalletSignature,)
    permission_classes = ()
    throttle_classes = (WalletThrottle,)

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


class EventRenderer(JSONRenderer):
    """Lets a page ask for events; only refusals are rendered, and those are JSON."""

    media_type = "text/event-stream"
    format = "events"


class StreamView(APIView):
    """The queue of one wallet, as it comes."""

    authentication_classes = (WalletSignature,)
    permission_classes = ()
    throttle_classes = (WalletThrottle,)
    renderer_classes = (EventRenderer, JSONRenderer)

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "Last-Event-ID",
                OpenApiTypes.UUID,
                OpenApiParameter.HEADER,
                description="Go on after this one. A little of what came before it may come again.",
            )
        ],
        responses={(200, "text/event-stream"): OpenApiTypes.STR, **ERRORS, **BUSY},
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Send what is not acknowledged, then what comes, as server-sent events: `id` is the
        notification's ID and `data` the notification. Ends after ten minutes; connect again."""
        registration = authenticated(request)
        if feed.is_full():
            return Response({"detail": "Too many pages are listening"}, status=503)
        floor = floor_after(request.headers.get("Last-Event-ID", ""))
        response = StreamingHttpResponse(
            stream(registration.pk, floor), content_type="text/event-stream"
        )
        response["Cache-Control"] = "no-store"
        response["X-Accel-Buffering"] = "no"
        return response


class PushView(APIView):
    """Whether wallets are woken by Web Push here."""

    authentication_classes = (WalletSignature,)
    permission_classes = ()
    throttle_classes = (WalletThrottle,)

    @extend_schema(responses={200: shapes.PushKeySerializer, 401: ERRORS[401], 429: ERRORS[429]})
    def get(self, request: Request) -> Response:
        """Return the public key that a browser subscribes with; empty when there is none."""
        return Response({"PublicKey": push.public_key()})


class SubscribeView(APIView):
    """Takes in a browser that wants to be woken."""

    authentication_classes = (WalletSignature,)
    permission_classes = ()
    throttle_classes = (WalletThrottle,)

    @extend_schema(
        request=shapes.EndpointSerializer,
        responses={
            200: shapes.SubscriptionsSerializer,
            **ERRORS,
            404: OpenApiResponse(shapes.ErrorSerializer, "There is no Web Push here"),
        },
    )
    def post(self, request: Request) -> Response:
        """Wake this browser when something waits; of too many browsers the oldest is forgotten."""
        given = shapes.EndpointSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        if not push.public_key():
            return Response({"detail": "There is no Web Push here"}, status=404)
        count = push.subscribe(authenticated(request), given.validated_data["Endpoint"])
        return Response({"Subscriptions": count})


class UnsubscribeView(APIView):
    """Forgets a browser."""

    authentication_classes = (WalletSignature,)
    permission_classes = ()
    throttle_classes = (WalletThrottle,)

    @extend_schema(
        request=shapes.EndpointSerializer,
        responses={200: shapes.SubscriptionsSerializer, **ERRORS},
    )
    def post(self, request: Request) -> Response:
        """Wake this browser no more; one that is not known is passed over."""
        given = shapes.EndpointSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        count = push.unsubscribe(authenticated(request), given.validated_data["Endpoint"])
        return Response({"Subscriptions": count})


class RelayView(APIView):
    """Passes a wallet's signed messages on to where its page may not post itself."""

    authentication_classes = (WalletSignature,)
    permission_classes = ()
    throttle_classes = (RelayThrottle,)

    @extend_schema(
        request={"application/json": ENVELOPE},
        responses={
            200: shapes.RelayedSerializer,
            **ERRORS,
            413: OpenApiResponse(shapes.ErrorSerializer, "The message is too large"),
            422: OpenApiResponse(shapes.ErrorSerializer, "No message that is passed on"),
            502: OpenApiResponse(shapes.ErrorSerializer, "The domain cannot be reached"),
            **BUSY,
        },
    )
    def post(self, request: Request) -> HttpResponse:
        """Post a message of this wallet to its recipient's inbox and return what that answered.

        Passed on are the subjects of a wallet, to its broker and to the domains of which its
        broker told it. The message is neither read further nor changed; it proves its sender.
        """
        try:
            done = relay(authenticated(request), request.body)
        except NotRelayed as refusal:
            return Response({"detail": str(refusal)}, status=refusal.status)
        return shown(done) if isinstance(done, Relayed) else later(partial(relayed_to, done))


async def relayed_to(elsewhere: Elsewhere) -> HttpResponse:
    """Answer with what a domain elsewhere says to a wallet's message."""
    try:
        return shown(await elsewhere.relay())
    except NotRelayed as refusal:
        return JsonResponse({"detail": str(refusal)}, status=refusal.status)


def shown(relayed: Relayed) -> HttpResponse:
    return JsonResponse({"Status": relayed.status, "Answer": relayed.answer})


async def waited_for(registration_id: UUID, seconds: float, limit: int) -> HttpResponse:
    """Answer as soon as something waits for this wallet, or with nothing after so many seconds."""
    try:
        found = await watch.wait(registration_id, seconds, limit)
    except TooManyWait:
        return JsonResponse({"detail": "Too many wallets are waiting"}, status=503)
    shown = shapes.NotificationsSerializer({"Notifications": found}).data
    return HttpResponse(JSONRenderer().render(shown), content_type="application/json")
