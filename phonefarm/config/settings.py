"""Typed settings from defaults, `settings.toml` in the data folder and the environment, in rising precedence."""

from __future__ import annotations

import ipaddress
import re
import tomllib
from collections.abc import Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import quote, urlsplit

import tomlkit
from platformdirs import user_data_path
from pydantic import Field, PrivateAttr, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from phonefarm.config.own_environment import PREFIX, own_environment
from phonefarm.domain.errors import KnownError
from phonefarm.domain.hosts import is_loopback
from phonefarm.domain.tunnels import public_url_problem
from phonefarm.support.atomic_files import atomic_write
from phonefarm.support.os_errors import cause_of
from phonefarm.support.text_files import read_text

FILE_NAME = "settings.toml"
_URL_PROBLEM = "must be a full web address, such as https://host/v1/PUSH_SMS_RENT"
_PORT = re.compile(r"[0-9]{1,5}")
SSH_PORT = 22
_SSH_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_MAX_NAME_LENGTH = 253
RESERVED_PATHS = frozenset({"/getservicesrent", "/getnumberrent", "/finishactivationrent", "/probe"})


class _OwnEnvironment(EnvSettingsSource):
    """The environment, including the variables that were removed from it for child processes."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.lower(): value for name, value in own_environment().items()}


class _EditedToml(TomlConfigSettingsSource):
    """The settings file in UTF-8 or UTF-16, with or without a byte order mark."""

    def _read_file(self, file_path: Path | Traversable) -> dict[str, Any]:
        return tomllib.loads(read_text(file_path))


class Settings(BaseSettings):
    """All settings; the Settings page shows the description of each field."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True, hide_input_in_errors=True)

    _overrides: dict[str, Any] = PrivateAttr(default_factory=dict)

    data_dir: Path = Field(
        default_factory=lambda: user_data_path("phonefarm", appauthor=False),
        description="Folder of the database, settings.toml and logs.",
    )
    api_key: SecretStr | None = Field(
        default=None,
        description="Onlinesim partner key. Kept in the system's keyring, or in a file that only you can read.",
    )
    listen: str = Field(
        default="127.0.0.1:8080", description="Address of the webhooks: the only port that a tunnel may show."
    )
    admin_listen: str = Field(default="127.0.0.1:8081", description="Address of /health and /metrics; this PC only.")
    push_url: str = Field(
        default="", description="Full URL of PUSH_SMS_RENT, as Onlinesim's support gave it. Nothing is sold without it."
    )
    tunnel: Literal[
        "none", "url", "ssh", "cloudflared", "cloudflared named", "ngrok", "tuna", "localtonet", "command"
    ] = Field(
        default="none",
        description="How Onlinesim reaches the webhooks: a URL of your own, a server of yours over SSH, or a program.",
    )
    public_url: str = Field(
        default="",
        description="Public URL of the webhooks, such as https://farm.example.com; empty where the tunnel names it.",
    )
    ssh_server: str = Field(
        default="", description="Server of the SSH tunnel: user@host, or user@host:port. Only its key is used."
    )
    ssh_forward: str = Field(
        default="127.0.0.1:8080",
        description="Address on that server which leads here; a web server there puts https before it.",
    )
    tunnel_name: str = Field(default="", description="Name of the named cloudflared tunnel.")
    tunnel_command: str = Field(
        default="",
        description="Program and arguments of another tunnel; {port} and {address} stand for the webhooks.",
    )
    tunnel_url_pattern: str = Field(
        default="",
        description="Regular expression that finds the URL in the program's output; empty: any https URL.",
    )
    adb_servers: str = Field(
        default="127.0.0.1:5037",
        description="adb servers as a comma list host:port; a local one is started if absent.",
    )
    adb_path: str = Field(
        default="", description="adb program to start servers with; empty: the one that comes with us."
    )
    database_url: str = Field(
        default="", description="SQLite file of this farm; empty: phonefarm.db in the data folder."
    )
    numbers_file: str = Field(
        default="", description="CSV iccid,msisdn,country,operator,label; read at start and whenever it changes."
    )
    push_retry_seconds: float = Field(
        default=10.0, gt=0, le=600, description="Seconds between attempts of a push; the contract says 10."
    )
    sms_id: Literal["rent", "message"] = Field(
        default="rent", description="What smsId carries: the rent's id, as documented, or the message's own."
    )
    push_phone: Literal["string", "integer"] = Field(
        default="string", description="How a push carries the number: as a string, as documented, or as an integer."
    )
    push_refusals_before_parking: int = Field(
        default=6,
        ge=1,
        le=1000,
        description="A message that Onlinesim answers with IGNORED or SERVICE_BAN is stopped after so many attempts.",
    )
    no_numbers: Literal["error", "status"] = Field(
        default="error",
        description="Answer when no number matches: status ERROR with the error NO_NUMBERS, or status NO_NUMBERS.",
    )
    retire_after_sale: bool = Field(
        default=False,
        description="Pause a number after its first sale. Use it if repeat sales are not paid.",
    )
    shared_path: str = Field(
        default="",
        description="One more path, such as /onlinesim, for all three calls together, told apart by their action; "
        "empty: none. For partners who registered one shared address.",
    )
    require_bearer: bool = Field(
        default=False, description="Require the Authorization header as well as the key in the body."
    )
    calls_per_second: float = Field(
        default=200.0,
        ge=20,
        le=10_000,
        description="Requests with the right key that are answered each second; sixty at once always are.",
    )
    wrong_keys_per_minute: float = Field(
        default=60.0,
        ge=1,
        le=10_000,
        description="Calls without the right key from one address that are answered in full each minute; more are "
        "turned away. Never touches a call with the right key, though both come from the tunnel.",
    )
    most_connections: int = Field(
        default=256,
        ge=32,
        le=10_000,
        description="Connections to the webhooks at once; beyond that the oldest without the right key is dropped. "
        "Never more than an eighth of the files that this process may open.",
    )
    poll_seconds: float = Field(
        default=10.0, ge=1, le=300, description="Seconds between safety polls of a phone without an open rent."
    )
    rent_poll_seconds: float = Field(
        default=5.0, ge=1, le=300, description="Seconds between safety polls of a phone with an open rent."
    )

    keep_awake: bool = Field(
        default=True,
        description="Keep this PC from falling asleep while numbers are on offer or rented. On Windows; elsewhere set "
        "it in the system's own power settings.",
    )
    backup_hours: float = Field(
        default=6.0, ge=0.25, le=168, description="Hours between two automatic backups of the database."
    )
    backup_keep: int = Field(default=20, ge=1, le=1000, description="How many automatic backups are kept.")

    block_senders: bool = Field(
        default=True, description="Withhold messages of banks, payment services and government; the list is editable."
    )
    text_hours: float = Field(
        default=72.0, ge=1, le=8760, description="Hours after its delivery at which an SMS's text is erased."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        given = init_settings().get("data_dir")
        folder = given or own_environment().get(f"{PREFIX}DATA_DIR") or user_data_path("phonefarm", appauthor=False)
        in_file = _EditedToml(settings_cls, Path(folder) / FILE_NAME)
        in_file.init_kwargs.pop("data_dir", None)  # the file cannot define its own location
        return (init_settings, _OwnEnvironment(settings_cls), in_file)

    @field_validator("listen", "admin_listen")
    @classmethod
    def _is_address(cls, value: str) -> str:
        parse_address(value)
        return value

    @field_validator("admin_listen")
    @classmethod
    def _stays_on_this_pc(cls, value: str) -> str:
        host, _ = parse_address(value)
        if not is_loopback(host):
            raise ValueError("must be an address of this PC only, such as 127.0.0.1:8081")
        return value

    @field_validator("adb_servers")
    @classmethod
    def _is_address_list(cls, value: str) -> str:
        addresses = [item.strip() for item in value.split(",") if item.strip()]
        if not addresses:
            raise ValueError("needs at least one host:port, such as 127.0.0.1:5037")
        servers = [_normalize_address(*parse_address(item)) for item in addresses]
        if any(server.endswith(":0") for server in servers):
            raise ValueError("port 0 is no adb server's port")
        if len(set(servers)) != len(servers):
            raise ValueError("names the same server twice")
        return ",".join(servers)

    @field_validator("push_url")
    @classmethod
    def _is_web_address(cls, value: str) -> str:
        if not value:
            return value
        try:
            parts = urlsplit(value)
        except ValueError:
            raise ValueError(_URL_PROBLEM) from None
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
            raise ValueError(_URL_PROBLEM)
        if not value.isprintable() or " " in value or not is_host(parts.hostname):
            raise ValueError(_URL_PROBLEM)
        try:
            has_port = parts.port != 0
        except ValueError:
            has_port = False
        if not has_port:
            raise ValueError("must have a port between 1 and 65535, or none")
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ValueError("must start with https: the key and the messages travel with it")
        return value

    @field_validator("public_url")
    @classmethod
    def _is_public(cls, value: str) -> str:
        if value and (found := public_url_problem(value)) is not None:
            raise ValueError(found)
        return value.rstrip("/")

    @field_validator("ssh_server")
    @classmethod
    def _is_ssh_server(cls, value: str) -> str:
        if value:
            parse_ssh_server(value)
        return value

    @field_validator("ssh_forward")
    @classmethod
    def _is_forwarded_address(cls, value: str) -> str:
        _, port = parse_address(value)
        if port == 0:
            raise ValueError("must name a port, such as 127.0.0.1:8080")
        return value

    @field_validator("tunnel_name")
    @classmethod
    def _is_tunnel_name(cls, value: str) -> str:
        if value and not re.fullmatch("[A-Za-z0-9_][A-Za-z0-9_.-]*", value):  # nor an option of the program's
            raise ValueError("must be the name or the UUID of a tunnel: letters, digits and - _ .")
        return value

    @field_validator("tunnel_url_pattern")
    @classmethod
    def _is_pattern(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error:
            raise ValueError("must be a regular expression, such as https://[a-z0-9.-]+") from None
        return value

    @field_validator("shared_path")
    @classmethod
    def _is_free_path(cls, value: str) -> str:
        path = value.strip()
        if path and not re.fullmatch(r"/[A-Za-z0-9_.~-]+(/[A-Za-z0-9_.~-]+)*", path):
            raise ValueError("must be empty or a path such as /onlinesim")
        if path.casefold() in RESERVED_PATHS:
            raise ValueError("must differ from the paths that are served anyway")
        return path

    @field_validator("database_url")
    @classmethod
    def _is_sqlite(cls, value: str) -> str:
        path = value.removeprefix("sqlite:///")
        if value and (path == value or path in ("", ":memory:")):
            raise ValueError("must be empty or sqlite:///PATH; PostgreSQL is not supported yet")
        return value

    @field_validator("api_key")
    @classmethod
    def _key_has_text(cls, value: SecretStr | None) -> SecretStr | None:
        text = "" if value is None else value.get_secret_value().strip()
        if not text:
            return None
        if not is_a_key(text):
            raise ValueError("must be the key as Onlinesim shows it: letters and digits without blanks")
        return SecretStr(text)

    @model_validator(mode="after")
    def _ports_differ(self) -> Self:
        if self.listen == self.admin_listen and parse_address(self.listen)[1] != 0:
            raise ValueError("listen and admin_listen must differ")
        return self

    @model_validator(mode="after")
    def _tunnel_is_complete(self) -> Self:
        needed = {
            "url": ("public_url",),
            "ssh": ("ssh_server", "public_url"),
            "cloudflared named": ("tunnel_name", "public_url"),
            "command": ("tunnel_command",),
        }.get(self.tunnel, ())
        if missing := [name for name in needed if not getattr(self, name)]:
            raise ValueError(f"tunnel = {self.tunnel} needs {' and '.join(missing)}")
        return self

    @property
    def overrides(self) -> dict[str, Any]:
        """What `load_settings` was given; always with the data folder, which the file cannot name."""
        return {**self._overrides, "data_dir": self.data_dir}

    @property
    def resolved_database_url(self) -> str:
        return self.database_url or f"sqlite:///{quote((self.data_dir / 'phonefarm.db').as_posix(), safe='/:')}"

    @property
    def adb_server_list(self) -> list[str]:
        return self.adb_servers.split(",")


def is_a_key(text: str) -> bool:
    """Whether a text can be a partner key, which is sent in an HTTP header."""
    return bool(text) and text.isascii() and text.isprintable() and " " not in text


def load_settings(**overrides: Any) -> Settings:
    """Read and validate all settings; raises KnownError with the setting and its valid values."""
    try:
        settings = Settings(**overrides)
        settings._overrides = overrides
        return settings
    except ValidationError as error:
        problems = "; ".join(f"{name}: {problem}" for name, problem in problems_in(error).items())
        raise KnownError(f"A setting is wrong. {problems}") from None
    except (ValueError, OSError) as error:
        raise _unreadable(error) from None


def reload_settings(settings: Settings) -> Settings:
    """Read all settings again, with the same overrides; raises KnownError as `load_settings` does."""
    return load_settings(**settings.overrides)


def problems_in(error: ValidationError) -> dict[str, str]:
    """Problems by setting name, without the rejected values, which may be secret."""
    found: dict[str, str] = {}
    for item in error.errors(include_url=False, include_context=False, include_input=False):
        name = str(item["loc"][0]) if item["loc"] else "settings"
        found[name] = item["msg"].removeprefix("Value error, ")
    return found


def settings_file(settings: Settings) -> Path:
    return settings.data_dir / FILE_NAME


def file_values(path: Path) -> dict[str, Any]:
    """The values in the file; raises KnownError if it cannot be read."""
    try:
        return tomllib.loads(read_text(path)) if path.exists() else {}
    except (ValueError, OSError) as error:
        raise _unreadable(error) from None


def _unreadable(error: ValueError | OSError) -> KnownError:
    """The error with its position, but without the file's text, which may contain a key."""
    match error:
        case tomllib.TOMLDecodeError():
            _, _, place = str(error).rpartition(" (at ")
            cause = f"it is not TOML (at {place}" if place else "it is not TOML"
        case UnicodeDecodeError():
            cause = "it is not UTF-8 text"
        case OSError():
            cause = cause_of(error)
        case _:
            cause = "it cannot be parsed"
    return KnownError(f"{FILE_NAME} cannot be read: {cause}. Correct or remove the file.")


def write_settings(path: Path, values: Mapping[str, Any]) -> None:
    """Write `values` to settings.toml atomically, keeping its comments and other entries.

    The value None removes an entry, which restores the default. Raises KnownError; may block for two seconds.
    """
    document = tomlkit.parse(read_text(path)) if path.exists() else tomlkit.document()
    for name, value in values.items():
        if value is None:
            document.pop(name, None)
        else:
            document[name] = value
    draft = path.with_suffix(".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path, draft):
            draft.write_text(tomlkit.dumps(document), encoding="utf-8")
    except OSError as error:
        raise KnownError(
            f"{path} cannot be written: {cause_of(error)}. Check the disk's free space and the folder's permissions."
        ) from error


def parse_address(text: str) -> tuple[str, int]:
    """Split host:port (IPv6 in brackets); raises ValueError with an example."""
    host, colon, port = text.strip().rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not is_host(host) or not _PORT.fullmatch(port) or int(port) > 65535:
        raise ValueError("must be host:port, such as 127.0.0.1:8080")
    return host, int(port)


def parse_ssh_server(text: str) -> tuple[str, str, int]:
    """Split user@host[:port]; raises ValueError with what would be right."""
    user, at, place = text.strip().partition("@")
    if not at or not _SSH_USER.fullmatch(user):
        raise ValueError("must be user@host or user@host:port, such as me@farm.example.com")
    if is_host(place.removeprefix("[").removesuffix("]")):
        return user, place.removeprefix("[").removesuffix("]"), SSH_PORT
    host, port = parse_address(place)
    return user, host, port


def is_host(text: str) -> bool:
    """Whether a text is a valid IP address or host name; does not resolve it."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        pass
    else:
        return True
    try:
        name = text.removesuffix(".").encode("idna").decode("ascii")
    except UnicodeError:
        return False
    return len(name) <= _MAX_NAME_LENGTH and all(_LABEL.fullmatch(label) for label in name.split("."))


def _normalize_address(host: str, port: int) -> str:
    """One spelling per server: it is part of each phone's id, so two spellings would duplicate the phones."""
    host = host.lower()
    if host in ("localhost", "::1"):
        host = "127.0.0.1"
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
