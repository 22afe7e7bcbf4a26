"""`manage.py up`: migrate, then serve the web, the worker and the scheduler; end them together."""

from __future__ import annotations

import resource
import signal
import socket
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, connections

from config import embedded
from config.connections import BoundedProtocol
from config.demo.link import invitation
from config.processes import Group, celery_commands
from host.folder import read_folder
from operators.commands import SERVES, OperatorsCommand

OTHER_FILES = 500
# systemd, a terminal that is interrupted or closed, an operator: each ends the whole group.
ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)


class Command(OperatorsCommand):
    does = {"": SERVES}
    help = "Migrate and serve: one process when embedded, a supervised group on a real queue."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000, help="0 takes a free one")
        parser.add_argument("--workers", type=int, default=2, help="on a real queue only")
        parser.add_argument("--seed", action="store_true", help="put in the demo data")
        parser.add_argument("--port-file", type=Path, help="write the port served here")

    def handle(self, *args: Any, **options: Any) -> None:
        listener = listen(options["host"], options["port"])
        port = listener.getsockname()[1]
        call_command("migrate", interactive=False, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        if options["seed"]:
            call_command("seed")
        if settings.TALKERS_FOLDER:
            counts = read_folder(Path(settings.TALKERS_FOLDER))
            self.stdout.write("talkers read: {read}, with faults: {faulty}".format(**counts))
        connections.close_all()  # children must not share our connection
        if connection.vendor == "sqlite":
            # Held as long as we serve: whoever closes the last connection of all deletes the
            # write-ahead log, and that must not happen between any two requests.
            connection.ensure_connection()
        in_memory = settings.CELERY_BROKER_URL.startswith("memory")
        group = Group([] if in_memory else celery_commands(options["workers"]))
        server = Web()
        end_by_signals(server, group)
        try:
            group.start()
            if in_memory:
                embedded.start()
            self._tell(options, port)
            allow_open_files()
            server.run(sockets=[listener])
        finally:
            group.end()

    def _tell(self, options: dict[str, Any], port: int) -> None:
        """Say where we serve, to people and to whoever wants a file with the port."""
        if options["port_file"]:
            draft = options["port_file"].with_suffix(".draft")
            draft.write_text(str(port))
            draft.rename(options["port_file"])
        base = f"http://{options['host']}:{port}"
        self.stdout.write(f"serving on {base}/ - operators: {base}/ops/, peers: {base}/inbox")
        self.stdout.write("an operator's account: manage.py createsuperuser")
        if options["seed"]:
            self.stdout.write(f"\n{invitation(base)}")
        self.stdout.flush()


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises CommandError when the port is taken."""
    # The protocol is named so that answers leave at once: without it no TCP_NODELAY is set.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise CommandError(f"cannot listen on {host}:{port}: {error.strerror}") from None
    listener.listen(512)
    return listener


class Web(uvicorn.Server):
    """The web server of this process; signals are end_by_signals' business."""

    def __init__(self) -> None:
        super().__init__(
            uvicorn.Config(
                "config.asgi:application",
                http=BoundedProtocol,
                log_level="warning",
                timeout_graceful_shutdown=3,
                lifespan="off",
            )
        )

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def allow_open_files() -> None:
    """Let this process have as many open files as connections may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = settings.WEB_CONNECTIONS + OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def end_by_signals(server: Web, group: Group) -> None:
    """Let each of ENDING end the server and the group, in an orderly way and at the same time.

    One that whoever started us lets us ignore (`nohup`) stays ignored.
    """

    def end(number: int, frame: FrameType | None) -> None:
        group.ending = True
        server.handle_exit(number, frame)

    for number in ENDING:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, end)
