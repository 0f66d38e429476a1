"""The two listening sockets of a farm, kept open while its settings are applied."""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import dataclass

from phonefarm.adapters.http.server import bind
from phonefarm.config.settings import Settings, parse_address

WEBHOOK_SERVER, ADMIN_PORT = "webhook server", "admin port"


@dataclass(frozen=True, kw_only=True)
class Listeners:
    """Both sockets, bound before anything starts."""

    webhooks: socket.socket
    admin: socket.socket
    webhooks_address: str
    admin_address: str

    def close(self) -> None:
        self.webhooks.close()
        self.admin.close()


def bind_listeners(settings: Settings) -> Listeners:
    """Bind both sockets; raises KnownError if a port is in use."""
    webhooks = bind(*parse_address(settings.listen), WEBHOOK_SERVER)
    try:
        return _listeners(webhooks, bind(*parse_address(settings.admin_listen), ADMIN_PORT))
    except BaseException:
        webhooks.close()
        raise


class KeptListeners:
    """Duplicates of a farm's sockets: a client that connects while the farm restarts waits instead of being refused."""

    def __init__(self, listeners: Listeners) -> None:
        self._listeners = listeners
        self._webhooks = _duplicate(listeners.webhooks)
        self._admin = _duplicate(listeners.admin)

    def take(self, before: Settings, after: Settings) -> Listeners:
        """Sockets for `after`: those of `before` where the address has not changed, else new ones.

        May be called again with the former settings if `after` did not work. Raises KnownError if a port is in use.
        """
        if after.listen != before.listen:
            self._close_webhooks()
        if after.admin_listen != before.admin_listen:
            self._close_admin()
        host, port = parse_address(self._listeners.webhooks_address if after.listen == before.listen else after.listen)
        webhooks = _duplicate(self._webhooks) or bind(host, port, WEBHOOK_SERVER)
        try:
            same = after.admin_listen == before.admin_listen
            host, port = parse_address(self._listeners.admin_address if same else after.admin_listen)
            return _listeners(webhooks, _duplicate(self._admin) or bind(host, port, ADMIN_PORT))
        except BaseException:
            webhooks.close()
            raise

    def close(self) -> None:
        self._close_webhooks()
        self._close_admin()

    def _close_webhooks(self) -> None:
        if self._webhooks is not None:
            self._webhooks.close()
        self._webhooks = None

    def _close_admin(self) -> None:
        if self._admin is not None:
            self._admin.close()
        self._admin = None


def _listeners(webhooks: socket.socket, admin: socket.socket) -> Listeners:
    return Listeners(webhooks=webhooks, admin=admin, webhooks_address=_address(webhooks), admin_address=_address(admin))


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _duplicate(listener: socket.socket | None) -> socket.socket | None:
    """None for a socket that was lost: it is bound anew."""
    if listener is None:
        return None
    with suppress(OSError):
        duplicate = listener.dup()
        duplicate.setblocking(False)
        return duplicate
    return None
