"""The phone's log: lines in Android's wording, told to every reader that is listening."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

KEPT_LINES = 256
READER_BACKLOG = 4096
AOSP_TAG = "GsmInboundSmsHandler"
MEDIATEK_TAG = "MtkGsmInboundSmsHandler"
"""With the number of the slot behind it: MediaTek's handler has a name of its own for each."""
SLOW_BROADCAST_MS = 5000
"""From here on Android words the end of a broadcast in another way."""


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


Wants = Callable[[LogLine], bool]


def _everything(line: LogLine) -> bool:
    return True


class RadioLog:
    def __init__(self, sdk: int, now: Callable[[], float], *, is_mediatek: bool = False) -> None:
        self._sdk = sdk
        self._now = now
        self._is_mediatek = is_mediatek
        self._kept: deque[LogLine] = deque(maxlen=KEPT_LINES)
        self._readers: dict[asyncio.Queue[LogLine], Wants] = {}

    @property
    def readers(self) -> int:
        return len(self._readers)

    @property
    def filters(self) -> list[Wants]:
        """What each reader lets through."""
        return list(self._readers.values())

    def open_reader(self, last_lines: int | None, wants: Wants = _everything) -> asyncio.Queue[LogLine]:
        """A queue that begins with the newest kept lines (all where None) and goes on with what comes.

        As on a phone, what the reader does not want is not handed to it: only lines that it wants wake it.
        """
        reader: asyncio.Queue[LogLine] = asyncio.Queue(READER_BACKLOG)
        kept = list(self._kept)
        for line in kept if last_lines is None else kept[len(kept) - last_lines :] if last_lines else []:
            if wants(line):
                reader.put_nowait(line)
        self._readers[reader] = wants
        return reader

    def close_reader(self, reader: asyncio.Queue[LogLine]) -> None:
        self._readers.pop(reader, None)

    def clear(self) -> None:
        self._kept.clear()

    def write(self, tag: str, text: str) -> None:
        line = LogLine(self._now(), tag, text)
        self._kept.append(line)
        for reader, wants in self._readers.items():
            # logd too drops lines for a reader that does not keep up.
            if wants(line) and not reader.full():
                reader.put_nowait(line)

    def sms_arriving(self, slot: int = 0, *, over_ims: bool = False) -> None:
        if not over_ims:
            self.write("RILJ", "[UNSL]< UNSOL_RESPONSE_NEW_SMS")
        if self._sdk >= 30:
            event = "EVENT_INJECT_SMS" if over_ims else "EVENT_NEW_SMS"
            self._handle(slot, f"IdleState.processMessage: processing {event}")
        else:
            self._handle(slot, f"Idle state processing message type {8 if over_ims else 1}")

    def sms_delivering(self, package: str, slot: int = 0) -> None:
        self._handle(slot, f"Delivering SMS to: {package} .SmsDeliverReceiver")

    def sms_kept_locked(self, slot: int = 0) -> None:
        self._handle(slot, "Show new message notification.")

    def sms_delivered(self, milliseconds: int, slot: int = 0) -> None:
        self._handle(slot, self._broadcast_completed(milliseconds))
        self._handle(slot, "successful broadcast, deleting from raw table.")
        self._handle(slot, "Deleted 1 rows from raw table.")

    def _broadcast_completed(self, milliseconds: int) -> str:
        is_slow = milliseconds >= SLOW_BROADCAST_MS
        if self._sdk < 31:
            slow, quick = "Slow ordered broadcast completion time", "ordered broadcast completed in"
            return f"{slow if is_slow else quick}: {milliseconds} ms"
        action = "android.provider.Telephony.SMS_DELIVER"
        if is_slow:
            return f"Slow ordered broadcast completion time for {action}: {milliseconds} ms"
        return f"Ordered broadcast completed for {action} in: {milliseconds} ms"

    def _handle(self, slot: int, text: str) -> None:
        self.write(f"{MEDIATEK_TAG}-{slot}" if self._is_mediatek else AOSP_TAG, text)
