"""The channels that alerts go to: kept in the settings of the alerts, their secrets apart from them."""

from __future__ import annotations

import asyncio
import json
import secrets as randomness
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from phonefarm.application.model.alerts import (
    FORMS,
    Alert,
    Channel,
    ChannelForm,
    ChannelKind,
    Delivery,
    DeliveryFault,
)
from phonefarm.application.model.read_models import SettingProblem
from phonefarm.application.ports.alerts import NamedSecrets, Notifier
from phonefarm.domain.alert_channels import FormProblem, form_problems, target_of
from phonefarm.domain.errors import KnownError
from phonefarm.support.deadlines import within
from phonefarm.wording.alerts import form_problem_text

log = structlog.get_logger(__name__)

LONGEST_NAME = 40
ATTEMPT_SECONDS = 30.0
"""The notifier has a deadline of its own; this one is the last resort."""
MOST_CHANNELS = 20

Values = Mapping[str, str]
HideSecret = Callable[[str], None]
ShowNotice = Callable[[Alert], bool]
"""Shows an alert on this PC; False where nobody can see it."""


def secret_name(channel_id: str) -> str:
    return f"alert channel {channel_id}"


@dataclass(frozen=True, kw_only=True)
class CheckedForm:
    """A channel that can be kept, and the secrets to be kept with it."""

    channel: Channel
    secrets: Values


class ChannelSecrets:
    """Reads each secret once; every one of them is hidden from the logs before it is used."""

    def __init__(self, store: NamedSecrets, hide: HideSecret) -> None:
        self._store = store
        self._hide = hide
        self._read: dict[str, Values] = {}

    async def of(self, channel: Channel) -> Values | DeliveryFault:
        if not any(field.is_secret for field in FORMS[channel.kind]):
            return {}
        if (known := self._read.get(channel.channel_id)) is not None:
            return known
        try:
            text = await asyncio.to_thread(self._store.read, secret_name(channel.channel_id))
        except KnownError as error:
            log.warning("a channel's secret cannot be read", channel=channel.channel_id, cause=str(error))
            return DeliveryFault.SECRET_UNREADABLE
        if text is None:
            needs_one = any(field.is_secret and not field.is_optional for field in FORMS[channel.kind])
            return DeliveryFault.SECRET_MISSING if needs_one else {}
        return self._remember(channel.channel_id, _parsed(text))

    async def keep(self, channel_id: str, secrets: Values) -> None:
        """Raises KnownError where they cannot be kept."""
        self._remember(channel_id, secrets)
        if secrets:
            await asyncio.to_thread(self._store.write, secret_name(channel_id), json.dumps(dict(secrets)))

    async def forget(self, channel_id: str) -> None:
        self._read.pop(channel_id, None)
        await asyncio.to_thread(self._store.forget, secret_name(channel_id))

    def _remember(self, channel_id: str, secrets: Values) -> Values:
        for secret in secrets.values():
            self._hide(secret)
        self._read[channel_id] = dict(secrets)
        return secrets


def _parsed(text: str) -> Values:
    try:
        values = json.loads(text)
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in values.items()} if isinstance(values, dict) else {}


class Sender:
    """Makes one attempt on a channel, whatever its kind; never raises for what the world does."""

    def __init__(self, notifier: Notifier, secrets: ChannelSecrets, show_notice: ShowNotice) -> None:
        self._notifier = notifier
        self._secrets = secrets
        self._show_notice = show_notice

    async def send(self, channel: Channel, alert: Alert) -> Delivery:
        if channel.kind is ChannelKind.DESKTOP:
            return Delivery(seconds=0.0, fault=None if self._show_notice(alert) else DeliveryFault.NO_WINDOW)
        begun = asyncio.get_running_loop().time()
        try:
            async with within(ATTEMPT_SECONDS):
                secrets = await self._secrets.of(channel)
                if isinstance(secrets, DeliveryFault):
                    return Delivery(seconds=0.0, fault=secrets)
                return await self._notifier.deliver(channel, secrets, alert)
        except TimeoutError:
            seconds = asyncio.get_running_loop().time() - begun
            return Delivery(seconds=seconds, fault=DeliveryFault.SILENT, fields={"seconds": round(seconds)})


async def checked(
    form: ChannelForm, channels: Sequence[Channel], secrets: ChannelSecrets, notifier: Notifier
) -> CheckedForm | list[SettingProblem]:
    """The channel of a form, or what is wrong with its fields; raises KnownError for one that is not there."""
    before = next((channel for channel in channels if channel.channel_id == form.channel_id), None)
    if form.channel_id and before is None:
        raise KnownError("This channel was removed meanwhile.")
    if before is None and len(channels) >= MOST_CHANNELS:
        raise KnownError(f"There are {MOST_CHANNELS} channels already. Remove one that is not used.")
    kept = await secrets.of(before) if before is not None and before.kind is form.kind else {}
    values = {name: value.strip() for name, value in form.values.items() if value.strip()}
    whole = ({} if isinstance(kept, DeliveryFault) else dict(kept)) | values
    problems = form_problems(form.kind, whole)
    if not problems and not notifier.understands(form.kind, whole):
        problems = {FORMS[form.kind][-1].name: FormProblem.NOT_UNDERSTOOD}
    if problems:
        return [SettingProblem(name=name, problem=form_problem_text(problem)) for name, problem in problems.items()]
    secret_names = {field.name for field in FORMS[form.kind] if field.is_secret}
    channel = Channel(
        channel_id=form.channel_id or randomness.token_hex(4),
        kind=form.kind,
        name=" ".join(form.name.split())[:LONGEST_NAME],
        is_on=form.is_on,
        fields={name: value for name, value in whole.items() if name not in secret_names},
        target=target_of(form.kind, whole),
    )
    return CheckedForm(channel=channel, secrets={name: value for name, value in whole.items() if name in secret_names})
