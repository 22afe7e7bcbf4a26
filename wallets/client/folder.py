"""A wallet's folder: keys, chats and tokens, each file written whole or not at all."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any

from wallets.client.errors import WalletError


class Folder:
    """JSON files below one folder that only its owner may read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def make(self) -> None:
        """Create the folder. Raises WalletError when a wallet is there already."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path.chmod(0o700)
        if (self.path / "wallet.json").exists():
            raise WalletError(f"there is a wallet in {self.path} already")

    def read(self, name: str) -> Any:
        """Return a file's value, or None when there is none. Raises WalletError if damaged."""
        try:
            return json.loads((self.path / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except ValueError:
            raise WalletError(f"{self.path / name} is damaged") from None

    def write(self, name: str, value: Any) -> None:
        """Replace a file; a crash leaves the old one or the new one, on disk."""
        target = self.path / name
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(value, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
        _keep_names(target.parent)

    def names(self, below: str, pattern: str = "*.json") -> list[str]:
        """Return the files below a folder, by name from the wallet's folder."""
        found = (self.path / below).rglob(pattern)
        return sorted(
            str(path.relative_to(self.path)) for path in found if not path.name.startswith(".")
        )

    def move(self, name: str, target: str) -> None:
        """Move a file; nothing happens when it is gone already."""
        destination = self.path / target
        destination.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            (self.path / name).replace(destination)
        except FileNotFoundError:
            return
        _keep_names(destination.parent)

    def remove(self, name: str) -> None:
        """Delete a file that is there."""
        (self.path / name).unlink()
        _keep_names((self.path / name).parent)


def _keep_names(folder: Path) -> None:
    """Bring a folder's list of names to the disk: a new file without its name is lost."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
