"""The phone's log: lines in Android's wording, told to every reader that is listening."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

KEPT_LINES = 256
READER_BACKLOG = 4096


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


class RadioLog:
    def __init__(self, sdk: int, now: Callable[[], float]) -> None:
        self._sdk = sdk
        self._now = now
        self._kept: deque[LogLine] = deque(maxlen=KEPT_LINES)
        self._readers: set[asyncio.Queue[LogLine]] = set()

    @property
    def readers(self) -> int:
        return len(self._readers)

    def open_reader(self, last_lines: int | None) -> asyncio.Queue[LogLine]:
        """A queue that begins with the newest kept lines (all where None) and goes on with what comes."""
        reader: asyncio.Queue[LogLine] = asyncio.Queue(READER_BACKLOG)
        kept = list(self._kept)
        for line in kept if last_lines is None else kept[len(kept) - last_lines :] if last_lines else []:
            reader.put_nowait(line)
        self._readers.add(reader)
        return reader

    def close_reader(self, reader: asyncio.Queue[LogLine]) -> None:
        self._readers.discard(reader)

    def clear(self) -> None:
        self._kept.clear()

    def write(self, tag: str, text: str) -> None:
        line = LogLine(self._now(), tag, text)
        self._kept.append(line)
        for reader in self._readers:
            # logd too drops lines for a reader that does not keep up.
            if not reader.full():
                reader.put_nowait(line)

    def sms_arriving(self, *, over_ims: bool = False) -> None:
        if not over_ims:
            self.write("RILJ", "[UNSL]< UNSOL_RESPONSE_NEW_SMS")
        if self._sdk >= 30:
            self.write("GsmInboundSmsHandler", "IdleState.processMessage: processing EVENT_NEW_SMS")
        else:
            self.write("GsmInboundSmsHandler", "Idle state processing message type 1")

    def sms_delivering(self, package: str) -> None:
        self.write("GsmInboundSmsHandler", f"Delivering SMS to: {package} .SmsDeliverReceiver")

    def sms_kept_locked(self) -> None:
        self.write("GsmInboundSmsHandler", "Show new message notification.")

    def sms_delivered(self, milliseconds: int) -> None:
        if self._sdk >= 31:
            text = f"Ordered broadcast completed for android.provider.Telephony.SMS_DELIVER in: {milliseconds} ms"
        else:
            text = f"ordered broadcast completed in: {milliseconds} ms"
        self.write("GsmInboundSmsHandler", text)
        self.write("GsmInboundSmsHandler", "successful broadcast, deleting from raw table.")
        self.write("GsmInboundSmsHandler", "Deleted 1 rows from raw table.")
