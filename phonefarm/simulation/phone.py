"""A virtual Android phone: a handset behind an adbd of its own, and the hands that act on it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any
from uuid import uuid4

from phonefarm.simulation.adbd import AdbListener, Service
from phonefarm.simulation.addresses import candidate_addresses
from phonefarm.simulation.chatter import Chatter
from phonefarm.simulation.description import described_slot, described_state
from phonefarm.simulation.hands import Hands
from phonefarm.simulation.handset import Counters, Handset, Subscription
from phonefarm.simulation.profiles import PIXEL_8, Profile
from phonefarm.simulation.reception import Arrival
from phonefarm.simulation.services import service_named
from phonefarm.simulation.shell import Shell
from phonefarm.simulation.shell_io import Answer, Scissors
from phonefarm.simulation.sms_table import StoredSms

STORING_SECONDS = 0.06
"""From the radio's first line to the row in the inbox."""
REACHABLE_WITHIN = 600.0
ADDRESSES_TRIED = 4096


class VirtualPhone(Hands):
    """One phone. Call `start` before adb may reach it and `stop` at the end; use it from one event loop."""

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
        self._chatter = Chatter(self.write_log, self._is_chatter_heard, profile.slots, name)
        self._scissors = Scissors()
        self._is_on = True
        self._answering = asyncio.Event()
        self._answering.set()

    async def start(self, addresses: Iterator[tuple[str, int]] | None = None) -> str:
        """Listen on the first free address; returns the adb serial."""
        for _, (host, port) in zip(range(ADDRESSES_TRIED), addresses or candidate_addresses(), strict=False):
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

    # What adbd asks of its phone.

    @property
    def banner(self) -> str:
        profile = self.profile
        features = ";features=shell_v2,cmd,stat_v2,ls_v2,fixed_push_mkdir,abb,abb_exec" if profile.has_shell_v2 else ""
        return (
            f"device::ro.product.name={profile.device};ro.product.model={profile.model};"
            f"ro.product.device={profile.device}{features}"
        )

    def open(self, service: str) -> Service | None:
        return service_named(service, self.profile, self._scissors, self._run)

    async def _run(self, line: str, answer: Answer) -> int:
        # Bounded by the host: it closes the stream when it has waited enough.
        await self._answering.wait()
        return await Shell(self.handset).run(line, answer)

    # Messages.

    async def deliver_sms(self, sender: str, body: str, slot: int = 0, *, date_sent: int | None = None) -> StoredSms:
        """Receive an SMS as Android does; returns once the phone has dealt with it.

        Its row id is 0 where it is not in the inbox: lost, or waiting for the first unlock.
        `date_sent` is the network's stamp in milliseconds; whole seconds of the host's time if not given.
        The network keeps the message while the phone is off, has no service or is in airplane mode.
        """
        async with asyncio.timeout(REACHABLE_WITHIN):
            await self._until(lambda: self._is_on and (slot not in self.sims or self.handset.can_receive(slot)))
        subscription = self._subscription(slot)
        sent_ms = date_sent if date_sent is not None else int(self.handset.host_clock()) * 1000
        self.reception.announce(slot)
        await asyncio.sleep(self.storing_seconds)
        arrival = Arrival(
            sender=sender,
            body=body,
            subscription=subscription,
            date_ms=int(self.handset.now() * 1000),
            date_sent_ms=sent_ms,
        )
        return self.reception.take(arrival, round(self.storing_seconds * 1000))

    async def deliver_flash(self, slot: int = 0) -> None:
        """Receive a class 0 message: it stands on the screen until the user takes it away, and in no inbox."""
        async with asyncio.timeout(REACHABLE_WITHIN):
            await self._until(lambda: self._is_on and self.handset.can_receive(slot))
        self.reception.flash(slot, round(self.storing_seconds * 1000))

    def chatter_burst(self, lines: int) -> None:
        """So many other lines of its radio, at once."""
        self._chatter.speak(lines)

    def _is_chatter_heard(self) -> bool:
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
        """Put an old message back, as a backup does: an old date, a new id, no line in the log.

        `columns`: what the program writes into columns as it pleases; some write texts where integers belong.
        """
        known = self._subscription(slot)
        return self.handset.sms.insert(
            sender=sender,
            body=body,
            date_ms=date_ms,
            date_sent_ms=date_ms // 1000 * 1000,
            slot=slot,
            sub_id=known.sub_id,
            imsi=known.sim.imsi,
            columns=columns,
        )

    def delete_newest_sms(self) -> int | None:
        """Delete the newest row; the next message will get its id."""
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

    # The cable, the power and the screen.

    async def unplug(self) -> None:
        await self._listener.close()

    async def replug(self) -> None:
        if not self._listener.is_open:
            await self._listener.open(self.host, self.port)

    async def reboot(self, seconds: float, *, locked: bool = False) -> None:
        """Off for so long, then up again with an empty log; returns when it is up.

        A phone that comes up `locked` has a PIN for its screen and waits for `unlock`.
        """
        self._is_on = False
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
            self._is_on = True
            self._tell()
            await self.replug()

    async def flap(self, times: int, on_seconds: float, off_seconds: float) -> None:
        """A bad cable: gone and back again so many times; it ends plugged in."""
        for _ in range(times):
            await self.unplug()
            try:
                await asyncio.sleep(off_seconds)
            finally:
                await self.replug()
            await asyncio.sleep(on_seconds)

    async def revoke_authorization(self) -> None:
        """The user revokes USB debugging: adbd drops its hosts and takes no key any more."""
        self.is_authorized = False
        await self._listener.drop_connections()

    async def authorize(self) -> None:
        """The user confirms 'Allow USB debugging'."""
        self.is_authorized = True
        await self._listener.user_confirmed()

    async def drop_connections(self) -> None:
        """A loose contact: connections end, and the next attempt works."""
        await self._listener.drop_connections()

    def cut_answer_after(self, size: int) -> None:
        """Cut the connection in the next answer that has more to say than `size` bytes of stdout."""
        self._scissors.after = size

    def hang(self, on: bool = True) -> None:
        """Leave commands without any answer."""
        if on:
            self._answering.clear()
        else:
            self._answering.set()

    # What can be seen of it.

    @property
    def log_readers(self) -> int:
        return self.handset.log.readers

    def describe(self) -> dict[str, Any]:
        """The phone as JSON."""
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
            **described_state(handset, waiting=self.reception.waiting),
            "sims": [described_slot(handset, slot) for slot in self.sims],
            **asdict(self.counters),
        }
