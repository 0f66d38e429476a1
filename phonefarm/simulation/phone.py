"""A virtual Android phone: a handset with its own adbd, and controls that change it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any
from uuid import uuid4

from phonefarm.simulation.adbd import AdbListener, Service
from phonefarm.simulation.addresses import candidate_addresses
from phonefarm.simulation.chatter import Chatter
from phonefarm.simulation.description import slot_as_json, state_as_json
from phonefarm.simulation.handset import Counters, Handset, Subscription
from phonefarm.simulation.inbound_sms_handler import ReceivedSms
from phonefarm.simulation.phone_controls import PhoneControls
from phonefarm.simulation.profiles import PIXEL_8, Profile
from phonefarm.simulation.services import find_service
from phonefarm.simulation.shell import Shell
from phonefarm.simulation.shell_io import Answer, ConnectionCutter
from phonefarm.simulation.sms_table import StoredSms

STORING_SECONDS = 0.06
"""From the radio's first log line to the row in the inbox."""
REACHABLE_TIMEOUT_SECONDS = 600.0
MAX_ADDRESSES_TRIED = 4096


class VirtualPhone(PhoneControls):
    """One phone: reachable by adb between `start` and `stop`; use it from one event loop only."""

    def __init__(
        self,
        profile: Profile = PIXEL_8,
        *,
        name: str = "phone",
        query_seconds: float = 0.4,
        clock_skew: float = 0.0,
        authorized: bool = True,
    ) -> None:
        self.name = name
        super().__init__(
            Handset(
                profile,
                query_seconds=query_seconds,
                clock_skew=clock_skew,
                hardware_id=uuid4().hex,
            )
        )
        self.storing_seconds = STORING_SECONDS
        self.host = ""
        self.port = 0
        self.is_authorized = authorized
        self._listener = AdbListener(self)
        self._chatter = Chatter(self.write_log, self._has_chatter_reader, profile.slots, name)
        self._cutter = ConnectionCutter()
        self._is_powered_on = True
        self._answering = asyncio.Event()
        self._answering.set()

    async def start(self, addresses: Iterator[tuple[str, int]] | None = None) -> str:
        """Listen on the first free address; returns the adb serial."""
        for _, (host, port) in zip(range(MAX_ADDRESSES_TRIED), addresses or candidate_addresses(), strict=False):
            try:
                self.host, self.port = await self._listener.open(host, port)
            except OSError:
                continue
            self._chatter.start()
            return self.serial
        raise OSError("no free loopback address for a phone")

    async def stop(self) -> None:
        self._chatter.stop()
        await self._listener.close()
        self.handset.close()

    @property
    def serial(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def counters(self) -> Counters:
        return self.handset.counters

    @property
    def is_plugged(self) -> bool:
        return self._listener.is_open

    # The interface for adbd.

    @property
    def banner(self) -> str:
        profile = self.profile
        features = ";features=shell_v2,cmd,stat_v2,ls_v2,fixed_push_mkdir,abb,abb_exec" if profile.has_shell_v2 else ""
        return (
            f"device::ro.product.name={profile.device};ro.product.model={profile.model};"
            f"ro.product.device={profile.device}{features}"
        )

    def open(self, service: str) -> Service | None:
        return find_service(service, self.profile, self._cutter, self._run)

    async def _run(self, line: str, answer: Answer) -> int:
        # No timeout: the host closes the stream when it gives up.
        await self._answering.wait()
        return await Shell(self.handset).run(line, answer)

    # Messages.

    async def deliver_sms(self, sender: str, body: str, slot: int = 0, *, date_sent: int | None = None) -> StoredSms:
        """Receive an SMS as Android does; returns once the phone has processed it.

        The row id is 0 if the message is not in the inbox: it was lost or waits for the first unlock.
        `date_sent` is the network's timestamp in milliseconds; the default is the host's time in whole seconds.
        Waits while the phone is off, has no service or is in airplane mode, as the network stores the message.
        """
        async with asyncio.timeout(REACHABLE_TIMEOUT_SECONDS):
            await self._wait_until(
                lambda: self._is_powered_on and (slot not in self.sims or self.handset.can_receive(slot))
            )
        subscription = self._subscription(slot)
        sent_ms = date_sent if date_sent is not None else int(self.handset.host_clock()) * 1000
        self.inbound.log_arrival(slot)
        await asyncio.sleep(self.storing_seconds)
        sms = ReceivedSms(
            sender=sender,
            body=body,
            subscription=subscription,
            date_ms=int(self.handset.now() * 1000),
            date_sent_ms=sent_ms,
        )
        return self.inbound.handle(sms, round(self.storing_seconds * 1000))

    async def deliver_flash(self, slot: int = 0) -> None:
        """Receive a class 0 (flash) message, which is shown on the screen and not stored in the inbox."""
        async with asyncio.timeout(REACHABLE_TIMEOUT_SECONDS):
            await self._wait_until(lambda: self._is_powered_on and self.handset.can_receive(slot))
        self.inbound.handle_class_0(slot, round(self.storing_seconds * 1000))

    def chatter_burst(self, lines: int) -> None:
        """Write `lines` unrelated radio lines at once."""
        self._chatter.write_lines(lines)

    def _has_chatter_reader(self) -> bool:
        return self.handset.sends_hints and self.handset.chatters and self.handset.log.readers > 0

    def restore_sms(
        self,
        sender: str,
        body: str,
        slot: int = 0,
        *,
        date_ms: int,
        columns: Mapping[str, int | str | None] | None = None,
    ) -> StoredSms:
        """Restore an old message as a backup app does: an old date, a new id, no log line.

        `columns` overrides column values; some backup apps write text to integer columns.
        """
        subscription = self._subscription(slot)
        return self.handset.sms.insert(
            sender=sender,
            body=body,
            date_ms=date_ms,
            date_sent_ms=date_ms // 1000 * 1000,
            slot=slot,
            sub_id=subscription.sub_id,
            imsi=subscription.sim.imsi,
            columns=columns,
        )

    def delete_newest_sms(self) -> int | None:
        """Delete the newest row and return its id, which the next message will get."""
        return self.handset.sms.delete_newest()

    def delete_all_sms(self) -> None:
        self.handset.sms.delete_all()

    def write_log(self, tag: str, text: str) -> None:
        self.handset.log.write(tag, text)

    def _subscription(self, slot: int) -> Subscription:
        subscription = self.handset.subscription_in(slot)
        if subscription is None:
            raise ValueError(f"no SIM in slot {slot} of {self.name}")
        return subscription

    # Cable, power and authorization.

    async def unplug(self) -> None:
        await self._listener.close()

    async def replug(self) -> None:
        if not self._listener.is_open:
            await self._listener.open(self.host, self.port)

    async def reboot(self, seconds: float, *, locked: bool = False) -> None:
        """Switch off for `seconds`, then boot with an empty log; returns after the boot.

        With `locked`, the phone has a screen PIN and waits for `unlock`.
        """
        self._is_powered_on = False
        await self.unplug()
        try:
            await asyncio.sleep(seconds)
        finally:
            self.handset.log.clear()
            self.set_uptime(0.0)
            if locked:
                self.lock()
            else:
                self.unlock()
            self._is_powered_on = True
            self._notify_change()
            await self.replug()

    async def flap(self, times: int, on_seconds: float, off_seconds: float) -> None:
        """Simulate a bad cable: unplug and replug `times` times."""
        for _ in range(times):
            await self.unplug()
            try:
                await asyncio.sleep(off_seconds)
            finally:
                await self.replug()
            await asyncio.sleep(on_seconds)

    async def revoke_authorization(self) -> None:
        """Revoke USB debugging: adbd drops its connections and rejects all keys."""
        self.is_authorized = False
        await self._listener.drop_connections()

    async def authorize(self) -> None:
        """Confirm 'Allow USB debugging' on the screen."""
        self.is_authorized = True
        await self._listener.on_user_confirmation()

    async def drop_connections(self) -> None:
        """Drop all adb connections, like a loose contact; new ones are accepted."""
        await self._listener.drop_connections()

    def cut_answer_after(self, size: int) -> None:
        """Cut the connection after `size` bytes of the next answer that is longer than that."""
        self._cutter.after_bytes = size

    def hang(self, on: bool = True) -> None:
        """Stop answering shell commands; False resumes."""
        if on:
            self._answering.clear()
        else:
            self._answering.set()

    # Description.

    @property
    def log_readers(self) -> int:
        return self.handset.log.readers

    def describe(self) -> dict[str, Any]:
        """The phone's state as JSON."""
        handset = self.handset
        return {
            "name": self.name,
            "serial": self.serial,
            "profile": self.profile.name,
            "model": self.profile.model,
            "android": self.profile.release,
            "plugged": self.is_plugged,
            "authorized": self.is_authorized,
            "query_seconds": handset.query_seconds,
            "clock_skew": handset.clock_skew,
            "inbox": handset.sms.count(),
            "log_readers": self.log_readers,
            **state_as_json(handset, waiting=self.inbound.pending),
            "sims": [slot_as_json(handset, slot) for slot in self.sims],
            **asdict(self.counters),
        }
