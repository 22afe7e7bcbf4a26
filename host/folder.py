"""TALKERS_FOLDER: talkers as files, `{domain}/{key}.yaml`, and datasets as
`{domain}/datasets/{name}.yaml`, read at start and when they change."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from stat import S_ISREG

import structlog
from django.db import InterfaceError, OperationalError, transaction

from host import services
from host.models import TalkerFile
from messaging import clock
from messaging.each import each, name_of
from messaging.errors import UnknownDomain
from messaging.models import HostedDomain
from messaging.syntax import is_domain, storable
from scripts.items.files import FOLDER, is_dataset, keep_text
from scripts.language.errors import LoadErrors

log = structlog.get_logger(__name__)

ENDINGS = (".yaml", ".yml")
TEST = ".test"
LARGEST = 500_000  # bytes
LONGEST_PATH = 400
MOST_FAULTS = 20_000  # characters that are kept of what is wrong with a file

# (path, size, time of change) of what this process has read: unchanged files are not opened again.
_seen: dict[Path, tuple[int, int]] = {}


def forget_seen() -> None:
    """Read all files again: the tables were changed behind our back."""
    _seen.clear()


def read_folder(folder: Path) -> dict[str, int]:
    """Keep the talkers of files that are new or changed; return {"read": n, "faulty": n}.

    A file with faults changes no talker: the last sound version stays, the faults are logged and
    stored for operators. A file that is gone leaves its talker, which an operator may then change.
    """
    present = dict(_files(folder))
    looked_at = each("talker file", present.items(), _look)
    if folder.is_dir():  # a folder that is not mounted is no folder without files
        TalkerFile.objects.exclude(path__in=present).delete()
    failed = len(present) - len(looked_at)
    return {
        "read": sum(fresh for fresh, _ in looked_at),
        "faulty": sum(fresh and faulty for fresh, faulty in looked_at) + failed,
    }


def _look(file: tuple[str, Path]) -> tuple[bool, bool]:
    """Read a file unless this process has; return whether it was new, and whether it is faulty."""
    name, path = file
    stamp = _stamp(path)
    if stamp is None or _seen.get(path) == stamp:
        return False, False
    fresh = _read(name, path)
    faulty = TalkerFile.objects.filter(path=name).exclude(faults="").exists()
    if not faulty:  # its domain may be hosted meanwhile
        _seen[path] = stamp
    return fresh, faulty


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted([*folder.glob("*/*"), *folder.glob(f"*/{FOLDER}/*")]):
        if path.suffix not in ENDINGS or path.stem.endswith(TEST):
            continue
        name = path.relative_to(folder).as_posix()
        if name == storable(name, LONGEST_PATH):
            yield name, path
        else:  # bytes that are no UTF-8, or too many
            log.warning("talker_unreadable", file=name_of(name), error="no name for a talker")


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None  # gone meanwhile
    if not S_ISREG(found.st_mode):
        return None  # a folder; or a pipe, which would be waited for
    return found.st_size, found.st_mtime_ns


def _read(name: str, path: Path) -> bool:
    """Keep one file's talker, or its faults; return whether its content is new to the database."""
    domain, key = path.parent.name.lower(), path.stem
    if is_dataset(path):
        domain, key = path.parent.parent.name.lower(), f"{FOLDER}/{key}"
    try:
        raw = path.read_bytes()[: LARGEST + 1]
    except OSError as error:
        log.warning("talker_unreadable", file=name, error=error.strerror)
        return False
    digest = hashlib.sha256(raw).hexdigest()
    with transaction.atomic():
        known = TalkerFile.objects.select_for_update(no_key=True).filter(path=name).first()
        hosted = HostedDomain.objects.filter(pk=domain).exists()
        if known is not None and known.digest == digest and not (known.faults and hosted):
            return False
        faults = storable(_kept(domain, key, raw), MOST_FAULTS)
        if known is not None and (known.digest, known.faults) == (digest, faults):
            return False
        TalkerFile.objects.update_or_create(
            path=name,
            defaults={
                "domain": domain,
                "key": key,
                "digest": digest,
                "faults": faults,
                "read_at": clock.now(),
            },
        )
    if faults:
        log.warning("talker_faulty", file=name, faults=faults)
    else:
        log.info("talker_read", file=name, domain=domain, key=key)
    return True


def _kept(domain: str, key: str, raw: bytes) -> str:
    """Keep the talker, or the dataset, and return nothing, or return what is wrong."""
    if not is_domain(domain):
        return f"the folder {domain} is not named after a domain"
    if len(raw) > LARGEST:
        return f"the file is larger than {LARGEST} bytes"
    try:
        source = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return f"not UTF-8 text (byte {error.start})"
    try:
        with transaction.atomic():
            if key.startswith(f"{FOLDER}/"):
                keep_text(source, domain=domain, file=f"{domain}/{key}.yaml")
            else:
                services.save_talker(domain=domain, key=key, title="", source=source)
    except (LoadErrors, UnknownDomain) as faults:
        return str(faults)
    except (OperationalError, InterfaceError):  # no fault of the file: it is read again
        raise
    except Exception as fault:
        log.exception("talker_failed", domain=domain, key=key)
        return f"the file cannot be kept: {fault!r:.200} (the log says where)"
    return ""
