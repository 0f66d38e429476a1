"""The way to the first sale as questions: each answer is kept at once, Enter leaves a step as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from phonefarm.domain.errors import KnownError

Ask = Callable[[str, Mapping[str, Any]], dict[str, Any]]
MARKS = {"done": "ok  ", "waiting": "    ", "failed": "FAIL"}
PATHS = ("/getServicesRent", "/getNumberRent", "/finishActivationRent")
TUNNELS = {
    "none": (),
    "url": ("public_url",),
    "ssh": ("ssh_server", "public_url"),
    "cloudflared": (),
    "cloudflared named": ("tunnel_name", "public_url"),
    "ngrok": (),
    "tuna": (),
    "localtonet": (),
    "command": ("tunnel_command",),
}
FIELDS = {
    "public_url": "Public URL (https://farm.example.com)",
    "ssh_server": "SSH server (user@host)",
    "tunnel_name": "Name of the tunnel",
    "tunnel_command": "Program with its arguments; {port} stands for the webhooks' port",
}


class Terminal(Protocol):
    """Where the questions are asked."""

    def say(self, text: str) -> None: ...

    def ask(self, question: str, *, is_secret: bool = False) -> str:
        """The answer without blanks around it; empty for Enter."""
        ...


def as_lines(state: Mapping[str, Any]) -> list[str]:
    lines = [
        f"{MARKS[step['state']]} {number}. {step['title']}: {step['fact']}"
        for number, step in enumerate(state["steps"], 1)
    ]
    if not state["confirmed"]:
        lines.insert(0, "     The SIM cards are yours to rent out: not confirmed yet")
    return lines


def walk(ask: Ask, terminal: Terminal) -> bool:
    """Ask for all that is missing; returns whether all but the first order is done then."""
    terminal.say("Enter leaves a step as it is. Each answer is kept at once.")
    state = ask("setup", {})
    if not state["confirmed"]:
        _confirm(ask, terminal, state["countries"])
    for name, take in _STEPS.items():
        step = _step(ask("setup", {}), name)
        terminal.say(f"\n{step['title']}: {step['fact']}")
        if step["state"] != "done":
            try:
                take(ask, terminal)
            except KnownError as error:
                terminal.say(f"  {error}")
    state = ask("setup", {})
    terminal.say("")
    for line in as_lines(state):
        terminal.say(line)
    return state["confirmed"] and all(step["state"] == "done" for step in state["steps"][:-1])


def _step(state: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(step for step in state["steps"] if step["name"] == name)
    return found


def _confirm(ask: Ask, terminal: Terminal, countries: list[str]) -> None:
    where = f" of {', '.join(countries)}" if countries else " of their country"
    question = f"Are the SIM cards yours to rent out, and do you follow the rules{where}? yes/no"
    if _is_yes(terminal.ask(question)):
        ask("setup-confirm", {"confirmed": True})


def _key(ask: Ask, terminal: Terminal) -> None:
    key = terminal.ask("Onlinesim key (not shown)", is_secret=True)
    if not key:
        return
    problems = _save(ask, terminal, {"api_key": key})
    if any(found["offers_key_file"] for found in problems) and _is_yes(
        terminal.ask("Keep it in a file that only you can read? yes/no")
    ):
        ask("setup-save", {"changes": {"api_key": key}, "key_in_file": True})


def _push_url(ask: Ask, terminal: Terminal) -> None:
    url = terminal.ask("Push URL, as Onlinesim's support gave it")
    if url and _save(ask, terminal, {"push_url": url}):
        return
    test = ask("setup-test-push", {})
    terminal.say(f"  {test['text']}.")
    if test["advice"]:
        terminal.say(f"  {test['advice']}")


def _public_address(ask: Ask, terminal: Terminal) -> None:
    kind = terminal.ask(f"Tunnel ({', '.join(TUNNELS)})")
    if kind:
        if kind not in TUNNELS:
            terminal.say(f"  There is no tunnel called {kind}.")
            return
        fields = {name: terminal.ask(FIELDS[name]) for name in TUNNELS[kind]}
        if kind == "ssh":
            terminal.say(f"  Add this line to authorized_keys on the server:\n  {ask('setup-ssh-key', {})['line']}")
        if _save(ask, terminal, {"tunnel": kind, **{name: value for name, value in fields.items() if value}}):
            return
    address = ask("setup-address", {})
    if address["host_key"] and _is_yes(
        terminal.ask(f"{address['host']} shows the key {address['host_key']}. Trust it? yes/no")
    ):
        ask("setup-trust", {"fingerprint": address["host_key"]})
    address = ask("setup-test-address", {})
    terminal.say(f"  {address['detail']}")
    if address["status"] != "pass" or address["reported_url"] == address["url"]:
        return
    terminal.say("  Send these addresses to Onlinesim's support:")
    for path in PATHS:
        terminal.say(f"    {address['url'].rstrip('/')}{path}")
    if _is_yes(terminal.ask("Has the support got them? yes/no")):
        ask("setup-reported", {})


def _phones(ask: Ask, terminal: Terminal) -> None:
    for phone in ask("setup-phones", {})["phones"]:
        step = f": {phone['step']}" if phone["step"] else ""
        terminal.say(f"  {phone['label']}, {phone['state']}{step}")


def _numbers(ask: Ask, terminal: Terminal) -> None:
    for sim in ask("setup-sims", {})["sims"]:
        if sim["number"]:
            continue
        slot = "" if sim["slot"] is None else f", slot {sim['slot'] + 1}"
        number = terminal.ask(f"Number of the SIM in {sim['phone']}{slot}")
        if number:
            try:
                ask("setup-number", {"sim_id": sim["sim_id"], "number": number})
            except KnownError as error:
                terminal.say(f"  {error}")


def _test_sms(ask: Ask, terminal: Terminal) -> None:
    sims = [sim for sim in ask("setup-sims", {})["sims"] if sim["number"] and not sim["is_rented"]]
    if not sims or not _is_yes(terminal.ask("Send a test SMS through the whole chain? yes/no")):
        return
    for link in ask("setup-test-sms", {"sim_id": sims[0]["sim_id"]})["links"]:
        terminal.say(f"  {'ok  ' if link['passed'] else 'FAIL'} {link['name']}{_colon(link['cause'])}")


def _first_order(_ask: Ask, terminal: Terminal) -> None:
    terminal.say("  Start phonefarm, or 'phonefarm serve', and let it run.")


def _save(ask: Ask, terminal: Terminal, changes: Mapping[str, str]) -> list[dict[str, Any]]:
    """The problems, which were said."""
    problems: list[dict[str, Any]] = ask("setup-save", {"changes": dict(changes)})["problems"]
    for found in problems:
        terminal.say(f"  {found['name']}: {found['problem']}")
    return problems


def _colon(text: str) -> str:
    return f": {text}" if text else ""


def _is_yes(answer: str) -> bool:
    return answer.strip().casefold() in ("y", "yes")


_STEPS: Mapping[str, Callable[[Ask, Terminal], None]] = {
    "key": _key,
    "push url": _push_url,
    "public address": _public_address,
    "phones": _phones,
    "numbers": _numbers,
    "test sms": _test_sms,
    "first order": _first_order,
}
