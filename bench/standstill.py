"""Answers that are kept after a standstill: a process is stopped (as by Ctrl-Z or a laptop's sleep) in an attempt.

A market answers while the process is stopped, past the attempt's deadline. Naive: asyncio's own timeout around the
reading of the answer. Each answer that is thrown away is an SMS sent twice.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
import subprocess
import sys
import time

from phonefarm.adapters.onlinesim.market_connection import MarketConnections

WITHIN = 0.6
STOPPED_SECONDS = 1.0
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n" + b'{"status":"SUCCESS"}'
STARTS_WITHIN = 20.0


async def naive(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST / HTTP/1.1\r\nHost: market\r\nContent-Length: 2\r\n\r\n{}")
    async with asyncio.timeout(WITHIN):
        await reader.readuntil(b"\r\n\r\n")
    writer.close()


async def ours(port: int) -> None:
    market = MarketConnections(f"http://127.0.0.1:{port}/")
    await market.post(market.head({}), b"{}", WITHIN)
    market.close()


WAYS = {"naive": naive, "ours": ours}


def is_kept(way: str) -> bool:
    """Whether one attempt of a child process ends with the answer that came while it was stopped."""
    with socket.create_server(("127.0.0.1", 0)) as market:
        market.settimeout(STARTS_WITHIN)
        port = str(market.getsockname()[1])
        child = subprocess.Popen(
            [sys.executable, "-m", "bench.standstill", "--attempt", way, port], stderr=subprocess.DEVNULL
        )
        line, _ = market.accept()
        with line:
            line.recv(1000)
            os.kill(child.pid, signal.SIGSTOP)
            os.waitpid(child.pid, os.WUNTRACED)
            line.sendall(ANSWER)
            time.sleep(STOPPED_SECONDS)
            os.kill(child.pid, signal.SIGCONT)
            return child.wait(STARTS_WITHIN) == 0


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--attempt", nargs=2, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.attempt is not None:
        way, port = chosen.attempt
        asyncio.run(WAYS[way](int(port)))
        return
    print(f"{chosen.rounds} attempts each, stopped for {STOPPED_SECONDS:g} s; deadline {WITHIN:g} s")
    for way in WAYS:
        kept = sum(is_kept(way) for _ in range(chosen.rounds))
        print(f"{way:<6} {kept} of {chosen.rounds} answers kept", flush=True)


if __name__ == "__main__":
    main()
