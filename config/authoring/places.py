"""Where scripts stand: files of a folder, and the domain and the locator key that they say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from messaging.syntax import is_domain
from scripts.items.files import FOLDER, is_dataset

DOMAIN = "theatre.test"
SUFFIXES = (".yaml", ".yml")
TEST = ".test"


class NoSuchFile(Exception):
    """A path that was asked for is not there, or cannot be read as text."""


@dataclass(frozen=True)
class Place:
    """A script's file with its domain and key: those of `{domain}/{key}.yaml`, unless others are
    said."""

    path: Path
    domain: str
    key: str

    @classmethod
    def of(cls, path: Path, domain: str = "") -> Place:
        """Return where the file stands; a folder that is not named like a domain says nothing."""
        folder = path.resolve().parent.name.lower()
        return cls(path, domain or (folder if is_domain(folder) else DOMAIN), path.stem)

    def source(self) -> str:
        """Return the script. Raises NoSuchFile."""
        return read(self.path)

    def neighbours(self) -> list[Place]:
        """Return the other scripts of a domain's folder."""
        folder = self.path.resolve().parent
        if not is_domain(folder.name.lower()):
            return []
        found = script_files([folder])
        return [Place.of(each, self.domain) for each in found if each != self.path.resolve()]

    def datasets(self) -> list[Path]:
        """Return the files of the datasets beside this script."""
        folder = self.path.resolve().parent / FOLDER
        return sorted(each for each in folder.glob("*") if each.suffix in SUFFIXES)

    @property
    def test(self) -> Path:
        """The tests of this script: `ticket.test.yaml` beside `ticket.yaml`."""
        return self.path.with_name(f"{self.path.stem}{TEST}{self.path.suffix}")


def read(path: Path) -> str:
    """Return a file's text. Raises NoSuchFile."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise NoSuchFile(f"{path}: not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise NoSuchFile(f"{path}: {(error.strerror or str(error)).lower()}") from None


def script_files(paths: Iterable[Path], *, datasets: bool = False) -> list[Path]:
    """Return the scripts that are named, and those in folders that are named; tests are none.

    Datasets of a folder come along if asked for. Raises NoSuchFile for a path that is not there.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = (each for suffix in SUFFIXES for each in path.rglob(f"*{suffix}"))
            found += sorted(
                each for each in inside if not is_test(each) and (datasets or not is_dataset(each))
            )
        elif path.exists():
            found.append(path)
        else:
            raise NoSuchFile(f"{path}: no such file or folder")
    return list(dict.fromkeys(found))


def is_test(path: Path) -> bool:
    """Say whether a file holds tests of a script."""
    return path.stem.endswith(TEST)
