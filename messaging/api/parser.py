"""Reading a request's JSON as strictly as a message's: no depth, number or text breaks anything."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from messaging.canonical import BadJson, parse_json


class StrictJsonParser(BaseParser):
    """What the framework's own parser lets through ends as a 500: nesting without end, and half
    surrogate pairs, which no answer can quote."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        most = settings.MESSAGE_MAX_BYTES
        try:
            value = parse_json(stream.read(most + 1), max_bytes=most)
            json.dumps(value, ensure_ascii=False).encode()
        except (BadJson, UnicodeEncodeError):
            raise ParseError from None
        return value
