"""Serves each request in one thread, which is kept with its database connection for the next.

Django's own ASGI handler makes a thread, and so a connection, for each request, and changes
threads for each middleware and signal; that cost more than most requests do.
"""

from __future__ import annotations

import asyncio
import contextvars
import io
import json
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.db import connections
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix

IDLE = 16  # threads kept, each with a connection at most
# No honest request comes near these: a stranger can neither fill our memory nor stay for ever.
LARGEST_BODY = 2_000_000
BODY_SECONDS = 30.0


class BodyTooLarge(Exception):
    """A request brings more than any may."""


class ThreadHandler(ASGIHandler):
    """The ASGI application. There are as many threads as requests at once; the last that became
    free is taken first, so that few hold connections in calm times."""

    def __init__(self) -> None:
        super().__init__()
        self._idle: list[ThreadPoolExecutor] = []

    def load_middleware(self, is_async: bool = False) -> None:
        """Load it all for threads."""
        super().load_middleware(is_async=False)

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        """Take in the request, answer it in a thread, and send the answer.

        The thread is waited for also when the client has gone: its work is not half done.
        """
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await self.read_body(receive)
        except RequestAborted:
            return
        except TimeoutError:
            await _refuse(send, 408, "Too slow")
            return
        except BodyTooLarge:
            await _refuse(send, 413, "Too large")
            return
        thread = self._idle.pop() if self._idle else ThreadPoolExecutor(1, "request")
        try:
            response = await _run(thread, self._respond, scope, body)
            is_feed = _is_feed(response)
            is_file = response.streaming and not is_feed
            if is_file:
                response.streaming_content = _pieces(thread, response.streaming_content)
            if not is_feed:
                await self.send_response(response, send)
            if is_file:
                await _run(thread, response.close)
        except BaseException:
            thread.shutdown(wait=False)  # it may be at work still
            raise
        finally:
            body.close()
        self._release(thread)
        if is_feed:
            await self._send_feed(response, receive, send)

    async def read_body(self, receive: Any) -> io.BytesIO:
        """Return the request's body. Raises RequestAborted, BodyTooLarge."""
        body = io.BytesIO()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise RequestAborted
            body.write(message.get("body", b""))
            if body.tell() > LARGEST_BODY:
                raise BodyTooLarge
            if not message.get("more_body", False):
                body.seek(0)
                return body

    def _release(self, thread: ThreadPoolExecutor) -> None:
        """Keep a thread for the next request, or let it go with its connection."""
        if len(self._idle) < IDLE:
            self._idle.append(thread)
        else:
            thread.submit(connections.close_all)
            thread.shutdown(wait=False)

    async def _send_feed(self, response: Any, receive: Any, send: Any) -> None:
        """Send what comes, for as long as the client stays; it holds no thread meanwhile."""
        sending = asyncio.ensure_future(self.send_response(response, send))
        leaving = asyncio.ensure_future(receive())
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()  # raises what went wrong in making it
        finally:
            sending.cancel()
            leaving.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request. Raises ValueError for anything but HTTP."""
        if scope["type"] != "http":
            raise ValueError(f"this serves HTTP only, not {scope['type']}")
        await self.handle(scope, receive, send)

    def _respond(self, scope: Any, body: Any) -> HttpResponseBase:
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        request, refusal = self.create_request(scope, body)
        response: Any = refusal if request is None else self.get_response(request)
        if not response.streaming or _is_feed(response):
            response.close()  # ends the request; what it holds is sent nevertheless
        return response


async def _refuse(send: Any, status: int, error: str) -> None:
    """Answer before the body has come to its end; the server then closes the connection."""
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps({"Error": error}).encode()})


def _is_feed(response: Any) -> bool:
    """Say whether a response is made in the event loop, bit by bit, perhaps for minutes."""
    return bool(response.streaming and response.is_async)


async def _pieces(thread: ThreadPoolExecutor, source: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Give what a file's response reads bit by bit, each bit read in the thread."""
    while (piece := await _run(thread, next, source, None)) is not None:
        yield piece


async def _run(thread: ThreadPoolExecutor, function: Any, *arguments: Any) -> Any:
    """Run a function in a thread with a copy of this context, as asyncio.to_thread does."""
    context = contextvars.copy_context()
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(thread, context.run, function, *arguments)
