"""Where the running farm's control channel is, and its token: a file in the data folder for its owner's eyes only."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from phonefarm.domain.errors import KnownError
from phonefarm.domain.hosts import is_loopback
from phonefarm.support.atomic_files import discard_draft
from phonefarm.support.private_files import NotWritten, write_private

NAME = "control.json"
TOKEN_BYTES = 32


def new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


@dataclass(frozen=True, kw_only=True)
class ControlAccess:
    """What a command needs to talk to the running farm."""

    address: str
    """host:port of the admin port."""
    token: str = field(repr=False)


class ControlFile:
    """There while a farm runs; what a killed one leaves is replaced by the next."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME

    def write(self, access: ControlAccess) -> None:
        """Raises KnownError. May block for twelve seconds."""
        try:
            write_private(self._path, json.dumps({"address": access.address, "token": access.token}))
        except NotWritten as error:
            raise KnownError(f"{self._path} cannot be written: {error}.") from None

    def read(self) -> ControlAccess | None:
        """None where no farm has left one, or none that can be used."""
        try:
            values = json.loads(self._path.read_text(encoding="utf-8"))
            access = ControlAccess(address=str(values["address"]), token=str(values["token"]))
        except (OSError, ValueError, LookupError, TypeError):
            return None
        host, _, port = access.address.rpartition(":")
        is_here = is_loopback(host.removeprefix("[").removesuffix("]")) and port.isdecimal()
        return access if is_here and access.token.isascii() else None

    def remove(self, access: ControlAccess) -> None:
        """Unless a later start of the farm has written its own by now."""
        if self.read() == access:
            discard_draft(self._path)
