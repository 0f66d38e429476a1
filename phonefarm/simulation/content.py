"""`content query` over the SMS and siminfo tables: parses the command line and prints rows as Android does."""

from __future__ import annotations

import asyncio
import sqlite3
import struct
from dataclasses import dataclass

from phonefarm.simulation import siminfo
from phonefarm.simulation.handset import Handset
from phonefarm.simulation.profiles import Refusal
from phonefarm.simulation.provider_rules import ColumnRefused, check_projection, is_refused_silently
from phonefarm.simulation.shell_io import ShellIo

NO_RESULT = "No result found.\n"
USAGE = "usage: adb shell content [subcommand] [options]\n"
FIRST_SDK_WITH_FOLDER_IN_ERROR = 28
_FLAGS = ("--uri", "--projection", "--where", "--sort", "--user")

Cell = int | float | str | bytes | None


def linker_warning(program: str) -> str:
    return (
        f"WARNING: linker: {program} has text relocations. This is wasting memory and is a security risk. Please fix.\n"
    )


class ProviderError(Exception):
    """An exception inside the provider, as the command prints it on stderr."""

    def __init__(self, java_class: str, message: str) -> None:
        super().__init__(message)
        self.java_class = java_class


class UsageError(Exception):
    """The command line is invalid; Android prints this on stdout."""


@dataclass(frozen=True, kw_only=True)
class Query:
    uri: str
    projection: str | None = None
    where: str | None = None
    sort: str | None = None

    @property
    def authority(self) -> str:
        return self.uri.removeprefix("content://").split("/")[0]

    @property
    def path(self) -> str:
        return "/".join(part for part in self.uri.removeprefix("content://").split("/")[1:] if part)


async def content(handset: Handset, words: list[str], io: ShellIo) -> int:
    """Run one `content` command; its exit status is always 0, as on Android."""
    if handset.profile.warns_linker:
        await io.stderr(linker_warning("app_process"))
    handset.counters.queries += 1
    await asyncio.sleep(handset.query_seconds)
    try:
        query = parse(words)
        answer = _query(handset, query)
    except UsageError as error:
        await io.stdout(f"[ERROR] {error}\n\n{USAGE}")
    except ProviderError as error:
        exception = f"{error.java_class}: {error}" if str(error) else error.java_class
        await io.stderr(
            f"Error while accessing provider:{query.authority}\n{exception}\n"
            "\tat android.database.DatabaseUtils.readExceptionFromParcel(DatabaseUtils.java:172)\n"
            "\tat android.content.ContentProviderProxy.query(ContentProviderNative.java:423)\n"
            "\tat com.android.commands.content.Content$QueryCommand.onExecute(Content.java:661)\n"
        )
    else:
        await io.stdout(answer)
    return 0


def parse(words: list[str]) -> Query:
    if not words or words[0] != "query":
        raise UsageError("Unsupported operation: " + (words[0] if words else ""))
    values: dict[str, str] = {}
    place = 1
    while place < len(words):
        flag = words[place]
        if flag not in _FLAGS:
            raise UsageError(f"Unsupported argument: {flag}")
        if place + 1 >= len(words) or words[place + 1].startswith("--"):
            raise UsageError(f"No value for argument: {flag}")
        values[flag] = words[place + 1]
        place += 2
    if "--uri" not in values:
        raise UsageError("Content provider URI not specified. Did you specify --uri argument?")
    return Query(
        uri=values["--uri"],
        projection=values.get("--projection"),
        where=values.get("--where"),
        sort=values.get("--sort"),
    )


def _query(handset: Handset, query: Query) -> str:
    if handset.is_booting:
        raise ProviderError("java.lang.IllegalStateException", f"Could not find provider: {query.authority}")
    if query.authority == "sms" and handset.provider_deaths > 0:
        handset.provider_deaths -= 1
        raise ProviderError("android.os.DeadObjectException", "")
    match query.authority, query.path:
        case "sms", "" | "inbox":
            return _query_sms(handset, query)
        case "telephony", "siminfo":
            return _query_siminfo(handset, query)
        case "sms" | "telephony", _:
            raise ProviderError("java.lang.IllegalArgumentException", f"Unknown URL {query.uri}")
        case _:
            raise ProviderError("java.lang.IllegalStateException", f"Could not find provider: {query.authority}")


def _check_sms_access(handset: Handset, query: Query) -> None:
    """Raise ProviderError if the provider cannot open its database or the shell lacks READ_SMS."""
    profile = handset.profile
    if handset.withholds_sms and profile.refusal is Refusal.DENIED:
        raise ProviderError(
            "java.lang.SecurityException",
            "Permission Denial: reading com.android.providers.telephony.SmsProvider uri "
            f"{query.uri} from pid=30012, uid=2000 requires android.permission.READ_SMS, or grantUriPermission()",
        )
    if handset.is_locked:
        folder = "/data/user/0/com.android.providers.telephony/databases"
        message = f"Cannot open database '{folder}/mmssms.db': Directory {folder} doesn't exist"
        if profile.sdk < FIRST_SDK_WITH_FOLDER_IN_ERROR:
            message = "unknown error (code 14): Could not open database"
        raise ProviderError("android.database.sqlite.SQLiteCantOpenDatabaseException", message)


def _query_sms(handset: Handset, query: Query) -> str:
    profile = handset.profile
    _check_sms_access(handset, query)
    if handset.withholds_sms:
        return NO_RESULT
    columns = query.projection.split(":") if query.projection is not None else ["*"]
    if profile.sdk >= 29 and any(is_refused_silently(part or "") for part in (*columns, query.where, query.sort)):
        return NO_RESULT
    if query.projection is not None:
        try:
            check_projection(columns, profile.expressions)
        except ColumnRefused as error:
            raise ProviderError("java.lang.IllegalArgumentException", f"Invalid column {error}") from error
    conditions = ["(type=1)" if query.path == "inbox" else "(type IN (1, 2))"]
    if profile.sdk >= 34:
        sub_ids = ", ".join(str(subscription.sub_id) for subscription in handset.subscriptions)
        conditions.append(f"(sub_id IN ({sub_ids or '-1'}, -1))")
    if hidden := handset.hidden_rows:
        conditions.append(f"(_id NOT IN ({', '.join(map(str, hidden))}))")
    sql = _build_select(columns, "sms", conditions, query, default_sort="date DESC")
    return _print_rows(handset.sms.database, sql, profile.sdk, profile.cuts_integers)


def _query_siminfo(handset: Handset, query: Query) -> str:
    if (refusal := siminfo.refusal(handset.profile)) is not None:
        raise ProviderError("java.lang.SecurityException", refusal)
    columns = query.projection.split(":") if query.projection is not None else ["*"]
    database = siminfo.build_table(handset)
    try:
        sql = _build_select(columns, "siminfo", [], query, default_sort=None)
        return _print_rows(database, sql, handset.profile.sdk, handset.profile.cuts_integers)
    finally:
        database.close()


def _build_select(columns: list[str], table: str, conditions: list[str], query: Query, default_sort: str | None) -> str:
    if query.where:
        conditions = [*conditions, f"({query.where})"]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    sort = query.sort or default_sort
    order_by = f" ORDER BY {sort}" if sort else ""
    return f"SELECT {', '.join(columns)} FROM {table}{where}{order_by}"  # noqa: S608


def _print_rows(database: sqlite3.Connection, sql: str, sdk: int, cuts_integers: bool) -> str:
    try:
        cursor = database.execute(sql)
        rows: list[tuple[Cell, ...]] = cursor.fetchall()
    except (sqlite3.Error, sqlite3.Warning) as error:
        code = "(code 1 SQLITE_ERROR)" if sdk >= 28 else "(code 1)"
        message = f"{error} {code}: , while compiling: {sql}"
        raise ProviderError("android.database.sqlite.SQLiteException", message) from error
    names = [_column_name(description[0]) for description in cursor.description]
    if not rows:
        return NO_RESULT
    return "".join(
        f"Row: {number} "
        + ", ".join(f"{name}={_format_cell(value, cuts_integers)}" for name, value in zip(names, row, strict=True))
        + "\n"
        for number, row in enumerate(rows)
    )


def _column_name(name: str) -> str:
    # Cursor.getColumnIndex looks the name up behind its last dot and finds nothing there.
    if "." in name:
        raise ProviderError("java.lang.IllegalStateException", "Couldn't read row 0, col -1 from CursorWindow.")
    return name


def _format_cell(value: Cell, cuts_integers: bool) -> str:
    match value:
        case None:
            return "NULL"
        case bytes():
            return "BLOB"
        case int() if cuts_integers:
            return str((value + 2**31) % 2**32 - 2**31)
        case float():
            return repr(struct.unpack("f", struct.pack("f", value))[0])
        case _:
            return str(value)
