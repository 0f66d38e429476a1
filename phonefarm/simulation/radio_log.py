"""The radio log buffer: lines in Android's wording, sent to every attached reader."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

BUFFER_LINES = 256
READER_QUEUE_LINES = 4096
AOSP_TAG = "GsmInboundSmsHandler"
MEDIATEK_TAG = "MtkGsmInboundSmsHandler"
"""Prefix of the tag; MediaTek appends the slot number."""
SLOW_BROADCAST_MS = 5000
"""From this duration on, Android logs the end of a broadcast as slow."""


@dataclass(frozen=True, slots=True)
class LogLine:
    at: float
    tag: str
    text: str

    @property
    def tag_and_text(self) -> str:
        return f"{self.tag:<8}: {self.text}"

    def formatted(self, style: str) -> str:
        match style:
            case "epoch":
                return f"{self.at:19.3f}  1431  1502 D {self.tag_and_text}\n"
            case "time":
                return f"{self._wall_stamp()} D/{self.tag:<8}( 1431): {self.text}\n"
            case "brief":
                return f"D/{self.tag:<8}( 1431): {self.text}\n"
            case _:
                return f"{self._wall_stamp()}  1431  1502 D {self.tag_and_text}\n"

    def _wall_stamp(self) -> str:
        return time.strftime("%m-%d %H:%M:%S", time.gmtime(self.at)) + f".{int(self.at * 1000) % 1000:03d}"


LineFilter = Callable[[LogLine], bool]


def _accept_all(line: LogLine) -> bool:
    return True


class RadioLog:
    """Keeps the newest lines and passes each new line to the readers whose filter accepts it."""

    def __init__(self, sdk: int, now: Callable[[], float], *, is_mediatek: bool = False) -> None:
        self._sdk = sdk
        self._now = now
        self._is_mediatek = is_mediatek
        self._lines: deque[LogLine] = deque(maxlen=BUFFER_LINES)
        self._readers: dict[asyncio.Queue[LogLine], LineFilter] = {}

    @property
    def readers(self) -> int:
        return len(self._readers)

    @property
    def filters(self) -> list[LineFilter]:
        """The filter of each reader."""
        return list(self._readers.values())

    def open_reader(self, last_lines: int | None, accepts: LineFilter = _accept_all) -> asyncio.Queue[LogLine]:
        """Return a queue of the `last_lines` newest lines (None: all in the buffer) and all later lines.

        Only lines that the filter accepts are queued, so that others do not wake the reader.
        """
        reader: asyncio.Queue[LogLine] = asyncio.Queue(READER_QUEUE_LINES)
        buffered = list(self._lines)
        for line in buffered if last_lines is None else buffered[len(buffered) - last_lines :] if last_lines else []:
            if accepts(line):
                reader.put_nowait(line)
        self._readers[reader] = accepts
        return reader

    def close_reader(self, reader: asyncio.Queue[LogLine]) -> None:
        self._readers.pop(reader, None)

    def clear(self) -> None:
        self._lines.clear()

    def write(self, tag: str, text: str) -> None:
        line = LogLine(self._now(), tag, text)
        self._lines.append(line)
        for reader, accepts in self._readers.items():
            # Like logd, drop lines for a reader that does not keep up.
            if accepts(line) and not reader.full():
                reader.put_nowait(line)

    def sms_arriving(self, slot: int = 0, *, over_ims: bool = False) -> None:
        if not over_ims:
            self.write("RILJ", "[UNSL]< UNSOL_RESPONSE_NEW_SMS")
        if self._sdk >= 30:
            event = "EVENT_INJECT_SMS" if over_ims else "EVENT_NEW_SMS"
            self._write_handler_line(slot, f"IdleState.processMessage: processing {event}")
        else:
            self._write_handler_line(slot, f"Idle state processing message type {8 if over_ims else 1}")

    def sms_delivering(self, package: str, slot: int = 0) -> None:
        self._write_handler_line(slot, f"Delivering SMS to: {package} .SmsDeliverReceiver")

    def sms_stored_while_locked(self, slot: int = 0) -> None:
        self._write_handler_line(slot, "Show new message notification.")

    def sms_delivered(self, milliseconds: int, slot: int = 0) -> None:
        self._write_handler_line(slot, self._broadcast_completed(milliseconds))
        self._write_handler_line(slot, "successful broadcast, deleting from raw table.")
        self._write_handler_line(slot, "Deleted 1 rows from raw table.")

    def _broadcast_completed(self, milliseconds: int) -> str:
        is_slow = milliseconds >= SLOW_BROADCAST_MS
        if self._sdk < 31:
            slow, quick = "Slow ordered broadcast completion time", "ordered broadcast completed in"
            return f"{slow if is_slow else quick}: {milliseconds} ms"
        action = "android.provider.Telephony.SMS_DELIVER"
        if is_slow:
            return f"Slow ordered broadcast completion time for {action}: {milliseconds} ms"
        return f"Ordered broadcast completed for {action} in: {milliseconds} ms"

    def _write_handler_line(self, slot: int, text: str) -> None:
        self.write(f"{MEDIATEK_TAG}-{slot}" if self._is_mediatek else AOSP_TAG, text)
