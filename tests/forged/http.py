"""Before check 1: requests that are no messages, and bodies that do not come to an end."""

from __future__ import annotations

from typing import Any

from tests.forged.case import JSON, Case, Request
from tests.forged.scene import Scene, spelt

TYPES = {
    "plain text": "text/plain",
    "a form": "application/x-www-form-urlencoded",
    "a form in parts": "multipart/form-data; boundary=x",
    "xml": "application/xml",
    "yaml": "application/yaml",
    "json of another kind": "application/json-patch+json",
    "json lines": "application/jsonl",
    "json as text": "text/json",
    "a list of types": "application/json, text/html",
    "nothing": "",
}
MEDIA_ERROR = 'Unsupported media type "{media_type}" in request.'


def typed(content_type: str) -> Any:
    return lambda scene: Request(spelt(scene.genuine()), {"Content-Type": content_type})


def by(method: str) -> Any:
    return lambda scene: Request(spelt(scene.genuine()), method=method)


def at(path: str) -> Any:
    return lambda scene: Request(spelt(scene.genuine()), path=path)


def overridden(scene: Scene) -> Request:
    """A reader of this header would take the GET for a POST."""
    headers = {**JSON, "X-HTTP-Method-Override": "POST"}
    return Request(spelt(scene.genuine()), headers, method="GET")


CASES = [
    *[
        Case(f"type: {name}", typed(text), status=415, error=MEDIA_ERROR)
        for name, text in TYPES.items()
    ],
    *[
        Case(f"method: {name}", by(name), status=405, error='Method "{method}" not allowed.')
        for name in ("GET", "PUT", "PATCH", "DELETE")
    ],
    Case(
        "method: GET that says POST", overridden, status=405, error='Method "{method}" not allowed.'
    ),
]
