"""The OpenAPI document: the same for everybody, so it is made once and not for each who asks."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request

from messaging.api.throttle import PublicThrottle


class SchemaView(SpectacularAPIView):
    """Serves it as YAML or JSON."""

    permission_classes = ()
    throttle_classes = (PublicThrottle,)
    _made: dict[str, bytes] = {}

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        renderer = request.accepted_renderer
        if renderer.media_type not in self._made:
            response: Any = super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]
            made = renderer.render(response.data, renderer_context={})
            self._made[renderer.media_type] = made.encode() if isinstance(made, str) else made
        return HttpResponse(self._made[renderer.media_type], content_type=renderer.media_type)
