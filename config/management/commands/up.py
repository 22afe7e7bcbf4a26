"""`manage.py up`: migrate, then serve the web, the worker and the scheduler; end them together."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from config import embedded

GRACE_SECONDS = 5


class Command(BaseCommand):
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
        if options["port_file"]:
            draft = options["port_file"].with_suffix(".draft")
            draft.write_text(str(port))
            draft.rename(options["port_file"])
        self.stdout.write(f"serving on http://{options['host']}:{port}/ (operators: /ops/)")
        children = [] if memory_queue() else start_children(options["workers"])
        if memory_queue():
            embedded.start()
        try:
            serve(listener)
        finally:
            end(children)


def memory_queue() -> bool:
    return bool(settings.CELERY_BROKER_URL.startswith("memory"))


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises CommandError when the port is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        raise CommandError(f"cannot listen on {host}:{port}: {error.strerror}") from None
    listener.listen(512)
    return listener


def serve(listener: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM."""
    server = uvicorn.Server(
        uvicorn.Config(
            "config.asgi:application",
            log_level="warning",
            timeout_graceful_shutdown=3,
            lifespan="off",
        )
    )
    server.run(sockets=[listener])


def start_children(workers: int) -> list[subprocess.Popen[bytes]]:
    """Start the workers and the scheduler as processes of their own."""
    celery = [sys.executable, "-m", "celery", "-A", "config"]
    commands = [
        [*celery, "worker", "-Q", "advance,outbox,sweep", "-c", "1", "-n", f"w{number}@%h",
         "--without-gossip", "--without-mingle", "-l", "WARNING"]
        for number in range(workers)
    ]
    commands.append([*celery, "beat", "-l", "WARNING", "-s", "/dev/null",
                     "--scheduler", "config.embedded:MemoryScheduler"])
    return [subprocess.Popen(command) for command in commands]  # noqa: S603 - our own commands


def end(children: list[subprocess.Popen[bytes]]) -> None:
    """Ask every child to end, and see to it."""
    for child in children:
        child.send_signal(signal.SIGTERM)
    limit = time.monotonic() + GRACE_SECONDS
    for child in children:
        try:
            child.wait(timeout=max(limit - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            child.kill()
