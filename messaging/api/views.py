"""POST /inbox: hands the bytes to the inbox and its answer back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import APIException, UnsupportedMediaType
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, exception_handler

from messaging import inbox
from messaging.api.schema import ENVELOPE, RESPONSES
from messaging.api.throttle import InboxThrottle

MEDIA_TYPE = "application/json"


class InboxView(APIView):
    """The inbox of every domain hosted here. Messages prove their senders themselves."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    renderer_classes = (JSONRenderer,)
    throttle_classes = (InboxThrottle,)

    @extend_schema(
        operation_id="receive",
        summary="Take one message",
        request={MEDIA_TYPE: ENVELOPE},
        responses=RESPONSES,
        auth=[],
    )
    def post(self, request: Request) -> Response:
        content_type = str(request.content_type or "")
        if content_type.partition(";")[0].strip().lower() != MEDIA_TYPE:
            raise UnsupportedMediaType(content_type)
        # Not request.data: the inbox has its own strict reader. One byte too many is refused there.
        answer = inbox.receive(request.read(settings.MESSAGE_MAX_BYTES + 1))
        return Response(answer.body, status=answer.status)

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], Response | None]:
        return _vague


def _vague(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer what the framework refuses in the inbox's own shape."""
    response = exception_handler(error, context)
    if response is not None and isinstance(error, APIException):
        response.data = {"Error": str(error.default_detail)}
    return response
