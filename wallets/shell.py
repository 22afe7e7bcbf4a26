"""What makes the page installable: its manifest, its service worker, and the files they name."""

from __future__ import annotations

import hashlib
import json
import re
from functools import cache
from pathlib import Path

from csp.decorators import csp_replace
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.templatetags.static import static
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

HERE = Path(__file__).parent
FILES = (HERE / "static" / "wallet").resolve()
ENTRY = FILES / "ui" / "main.js"
IMPORT = re.compile(r'^(?:import|export)\b[^;]*? from "([^"]+)";', re.MULTILINE)
WORKER = (HERE / "worker.js").read_text(encoding="utf-8")
THEME = "#0b5d4e"
PAPER = "#f5f3ee"
KINDS = (".js", ".css", ".svg", ".png")
# The worker fetches our own files and does nothing else.
POLICY = {
    **dict.fromkeys(settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]),
    "default-src": ["'none'"],
    "connect-src": ["'self'"],
}


def _names() -> list[str]:
    paths = sorted(path for path in FILES.rglob("*") if path.suffix in KINDS)
    return [f"wallet/{path.relative_to(FILES).as_posix()}" for path in paths]


@cache
def files() -> list[str]:
    """Return the address of every file of the page, with its hash where files are collected."""
    return [static(name) for name in _names()]


@cache
def first_modules() -> list[str]:
    """Return the modules that the first view needs, for the browser to fetch at once: what
    the entry imports, and what those import. What is imported by a call comes later."""
    found: dict[Path, None] = {}
    waiting = [ENTRY]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found[path] = None
            named = IMPORT.findall(path.read_text("utf-8"))
            waiting += [(path.parent / name).resolve() for name in named]
    return [static(f"wallet/{path.relative_to(FILES).as_posix()}") for path in found]


@cache
def _worker() -> str:
    listed = json.dumps(files())
    content = "".join(path.read_text("utf-8") for path in sorted(FILES.rglob("*.[jc]s*")))
    mark = hashlib.sha256((listed + content + WORKER).encode()).hexdigest()[:16]
    return f"const FILES = {listed};\nconst MARK = {json.dumps(mark)};\n{WORKER}"


@require_safe
@never_cache
@csp_replace(POLICY)
def worker(request: HttpRequest) -> HttpResponse:
    """Return the service worker, which changes whenever a file of the page does."""
    response = HttpResponse(_worker(), content_type="text/javascript")
    response["Service-Worker-Allowed"] = "/"
    return response


@require_safe
def manifest(request: HttpRequest) -> JsonResponse:
    """Return what a device needs to know to install the page."""
    icons = [
        {"src": static(f"wallet/icons/icon-{size}.png"), "sizes": f"{size}x{size}", **more}
        for size in (192, 512)
        for more in ({"type": "image/png"}, {"type": "image/png", "purpose": "maskable"})
    ]
    vector = {"src": static("wallet/icons/icon.svg"), "sizes": "any", "type": "image/svg+xml"}
    return JsonResponse(
        {
            "id": "/wallet/",
            "name": "Wallet",
            "short_name": "Wallet",
            "start_url": "/wallet/",
            "scope": "/",
            "display": "standalone",
            "background_color": PAPER,
            "theme_color": THEME,
            "icons": [vector, *icons],
        },
        content_type="application/manifest+json",
    )
