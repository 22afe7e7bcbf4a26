"""Serves requests in a fixed number of threads, each kept with its database connection.

Django's own ASGI handler makes a thread, and so a connection, for each request, and changes
threads for each middleware and signal; that cost more than most requests do, and a few hundred at
once used up the connections of the database. What waits here, for a body, a thread, a wallet's
notifications or a peer, waits in the event loop.
"""

from __future__ import annotations

import asyncio
import contextvars
import io
import json
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog
from django.conf import settings
from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.http import JsonResponse
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix

from config.lanes import Full, Lane, Threads, lane_of
from messaging import caller, proven
from messaging.later import Later, served_by_loop

log = structlog.get_logger(__name__)

# No honest request comes near these: a stranger can neither fill our memory nor stay for ever.
LARGEST_BODY = 2_000_000
BODY_SECONDS = 30.0
SMALL_BODY = 16_384  # more than most messages; only what is beyond it is counted together
BODIES_MOST = 32_000_000  # of all requests that are under way
PIECE = 65_536  # of a file, read at once
HEALTH = "/health"
AGAIN_SECONDS = 1


class BodyTooLarge(Exception):
    """A request brings more than any may."""


class BodyTooSlow(Exception):
    """A request does not come to its end in time."""


class Bodies:
    """What the large bodies of all requests come to, and of one address at most half of it."""

    def __init__(self) -> None:
        self._held: dict[str, int] = {}

    def grow(self, share: str, size: int) -> None:
        """Count so many bytes more. Raises Full."""
        mine = self._held.get(share, 0)
        if sum(self._held.values()) + size > BODIES_MOST or mine + size > BODIES_MOST // 2:
            raise Full
        self._held[share] = mine + size

    def shrink(self, share: str, size: int) -> None:
        self._held[share] = self._held.get(share, 0) - size
        if self._held[share] <= 0:
            del self._held[share]


class Body(io.BytesIO):
    """A request's body as it comes. Closing it gives back what it was counted for."""

    def __init__(self, bodies: Bodies, share: str) -> None:
        super().__init__()
        self._bodies, self._share, self._counted = bodies, share, 0

    def add(self, data: bytes) -> None:
        """Take in a part. Raises BodyTooLarge, Full."""
        size = self.tell() + len(data)
        if size > LARGEST_BODY:
            raise BodyTooLarge
        beyond = max(size - SMALL_BODY, 0) - self._counted
        if beyond > 0:
            self._bodies.grow(self._share, beyond)
            self._counted += beyond
        self.write(data)

    def close(self) -> None:
        if not self.closed:
            self._bodies.shrink(self._share, self._counted)
        super().close()


class ThreadHandler(ASGIHandler):
    """The ASGI application: one for each process."""

    def __init__(self) -> None:
        super().__init__()
        self.threads = Threads(settings.WEB_THREADS, settings.WEB_WAITING)
        self.bodies = Bodies()

    def load_middleware(self, is_async: bool = False) -> None:
        """Load it all for threads."""
        super().load_middleware(is_async=False)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request. Raises ValueError for anything but HTTP."""
        if scope["type"] != "http":
            raise ValueError(f"this serves HTTP only, not {scope['type']}")
        if scope["path"] == HEALTH:
            # Also when every thread is taken: whoever asks wants to know whether we are alive.
            await _say(send, 200, {"Status": "ok"})
            return
        await self.handle(scope, receive, send)

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        """Take in the request, answer it in a thread, and send the answer from the event loop."""
        share = _share_of(scope)
        body = Body(self.bodies, share)
        try:
            await self._answer(scope, share, body, receive, send)
        except RequestAborted:
            return
        except BodyTooSlow:
            await _say(send, 408, {"Error": "Too slow"})
        except BodyTooLarge:
            await _say(send, 413, {"Error": "Too large"})
        except Full:
            await _say(send, 503, {"Error": "Try again later"}, again=True)
        finally:
            body.close()

    async def _answer(self, scope: Any, share: str, body: Body, receive: Any, send: Any) -> None:
        await read_body(body, receive)
        lane = lane_of(share, scope["path"], scope["headers"], body.read(SMALL_BODY))
        body.seek(0)
        response = await self._in_thread(lane, scope, body)
        body.close()
        if isinstance(response, Later):
            made = await _made(response, receive)
            if made is None:
                return
            response = made
        if _is_feed(response):
            await self._send_feed(response, receive, send)
            return
        if response.streaming:
            response.streaming_content = _pieces(response.streaming_content)
        await self.send_response(response, send)
        if response.streaming:
            await asyncio.to_thread(response.close)

    async def _in_thread(self, lane: Lane, scope: Any, body: Body) -> Any:
        """Run the views. The thread is waited for also when the client has gone: its work is not
        half done. Raises Full."""
        async with self.threads.taken(lane) as thread:
            return await _run(thread, self._respond, scope, body, lane)

    async def _send_feed(self, response: Any, receive: Any, send: Any) -> None:
        """Send what comes, for as long as the client stays; it holds no thread meanwhile."""
        sending = asyncio.ensure_future(self.send_response(response, send))
        leaving = asyncio.ensure_future(_left(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()  # raises what went wrong in making it
        finally:
            sending.cancel()
            leaving.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)

    def _respond(self, scope: Any, body: Any, lane: Lane) -> HttpResponseBase:
        set_script_prefix(get_script_prefix(scope))
        with caller.calling(lane.address, lane.identity), served_by_loop():
            signals.request_started.send(sender=self.__class__, scope=scope)
            request, refusal = self.create_request(scope, body)
            response: Any = refusal if request is None else self.get_response(request)
            if request is not None:
                _note_operator(request)
        if not response.streaming or _is_feed(response):
            response.close()  # ends the request; what it holds is sent nevertheless
        return response


async def read_body(body: Body, receive: Any) -> None:
    """Take in the whole body. Raises RequestAborted, BodyTooLarge, BodyTooSlow, Full."""
    more = True
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise RequestAborted
                body.add(message.get("body", b""))
                more = message.get("more_body", False)
    except TimeoutError:
        raise BodyTooSlow from None
    body.seek(0)


async def _left(receive: Any) -> None:
    """Return when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _share_of(scope: Any) -> str:
    remote = scope.get("client") or ("", 0)
    forwarded = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
    return caller.share_of(remote[0], forwarded.decode("latin-1"), settings.NUM_PROXIES)


def _note_operator(request: Any) -> None:
    """Who is logged in need not stand behind strangers."""
    user = getattr(request, "_cached_user", None)
    if user is not None and user.is_authenticated and (key := request.session.session_key):
        proven.note(str(key))


async def _say(send: Any, status: int, body: dict[str, Any], *, again: bool = False) -> None:
    """Answer without a thread. What is no 200 may come before the body has come to its end, so
    the server then closes the connection."""
    headers = [(b"content-type", b"application/json")]
    if status != 200:
        headers.append((b"connection", b"close"))
    if again:
        headers.append((b"retry-after", str(AGAIN_SECONDS).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


async def _made(response: Later, receive: Any) -> HttpResponseBase | None:
    """Make an answer that takes its time; None when the client has gone meanwhile."""
    making = asyncio.ensure_future(response.made())
    leaving = asyncio.ensure_future(_left(receive))
    try:
        await asyncio.wait({making, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return making.result() if making.done() else None
    except Exception:
        log.exception("later_failed")
        return JsonResponse({"detail": "Failed"}, status=500)
    finally:
        making.cancel()
        leaving.cancel()
        await asyncio.gather(making, leaving, return_exceptions=True)


def _is_feed(response: Any) -> bool:
    """Say whether a response is made in the event loop, bit by bit, perhaps for minutes."""
    return bool(response.streaming and response.is_async)


async def _pieces(source: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Give what a file's response reads; who takes it slowly holds no thread between two pieces.

    The threads are not those of the requests, so what is read must not be the database.
    """
    while piece := await asyncio.to_thread(_piece, source):
        yield piece


def _piece(source: Iterator[bytes]) -> bytes:
    """Read on until there is enough for one piece; nothing at the end."""
    data = bytearray()
    for part in source:
        data += part
        if len(data) >= PIECE:
            break
    return bytes(data)


async def _run(thread: ThreadPoolExecutor, function: Any, *arguments: Any) -> Any:
    """Run a function in a thread with a copy of this context, as asyncio.to_thread does."""
    context = contextvars.copy_context()
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(thread, context.run, function, *arguments)
