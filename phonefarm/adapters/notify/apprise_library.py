"""apprise, imported whole before the first thread starts, with its log kept away from ours.

Its lines hold addresses with their tokens: they are read for the cause of a failure and go no further.
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of the libraries that its services use
    from apprise import Apprise, AppriseAsset, NotifyBase, PersistentStoreMode
    from apprise import NotifyType as NotifyType
    from apprise.manager_plugins import NotificationManager

    NotificationManager().load_modules()  # type: ignore[no-untyped-call]

MOST_LINES = 200

ASSET = AppriseAsset(
    app_id="phonefarm",
    app_desc="phonefarm",
    async_mode=False,
    secure_logging=True,
    storage_mode=PersistentStoreMode.MEMORY,
    http_redirects=False,  # who is led elsewhere may be told "200" by a page that took nothing
    pgp_autogen=False,
    pem_autogen=False,
)


class _ThreadLines(logging.Handler):
    """Gives each thread that asks for them its own lines."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._here = threading.local()

    @contextmanager
    def collected(self) -> Iterator[list[str]]:
        self._here.lines = lines = list[str]()
        try:
            yield lines
        finally:
            self._here.lines = None

    def emit(self, record: logging.LogRecord) -> None:
        lines: list[str] | None = getattr(self._here, "lines", None)
        if lines is not None and len(lines) < MOST_LINES:
            lines.append(record.getMessage())


_LINES = _ThreadLines()


def _keep_logs_apart() -> None:
    of_apprise = logging.getLogger("apprise")
    of_apprise.propagate = False
    of_apprise.setLevel(logging.DEBUG)
    of_apprise.addHandler(_LINES)
    for name in ("urllib3", "requests"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


_keep_logs_apart()


def service_of(url: str) -> NotifyBase | None:
    """The service behind an apprise URL; None where there is none."""
    found = Apprise.instantiate(url, asset=ASSET, suppress_exceptions=True)
    return found if isinstance(found, NotifyBase) else None


def send(service: NotifyBase, title: str, body: str, kind: NotifyType) -> tuple[bool, list[str]]:
    """Whether the service confirmed it, and what apprise said meanwhile. Blocks."""
    with _LINES.collected() as lines:
        is_confirmed = bool(service.notify(title=title, body=body, notify_type=kind))
    return is_confirmed, lines
