"""Whether a push's answer is used that arrives while the process is suspended (Ctrl-Z, a laptop's sleep).

The market answers while the process is stopped, and the process continues after the attempt's deadline. The naive
version puts asyncio's timeout around the reading. Each answer that is discarded means an SMS sent twice.
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

DEADLINE_SECONDS = 0.6
STOPPED_SECONDS = 1.0
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n" + b'{"status":"SUCCESS"}'
START_TIMEOUT_SECONDS = 20.0


async def naive(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST / HTTP/1.1\r\nHost: market\r\nContent-Length: 2\r\n\r\n{}")
    async with asyncio.timeout(DEADLINE_SECONDS):
        await reader.readuntil(b"\r\n\r\n")
    writer.close()


async def ours(port: int) -> None:
    market = MarketConnections(f"http://127.0.0.1:{port}/")
    await market.post(market.head({}), b"{}", DEADLINE_SECONDS)
    market.close()


WAYS = {"naive": naive, "ours": ours}


def is_answer_used(way: str) -> bool:
    """Whether an attempt in a child process ends with the answer that arrived while it was stopped."""
    with socket.create_server(("127.0.0.1", 0)) as market:
        market.settimeout(START_TIMEOUT_SECONDS)
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
            return child.wait(START_TIMEOUT_SECONDS) == 0


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--attempt", nargs=2, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.attempt is not None:
        way, port = chosen.attempt
        asyncio.run(WAYS[way](int(port)))
        return
    print(f"{chosen.rounds} attempts each, stopped for {STOPPED_SECONDS:g} s; deadline {DEADLINE_SECONDS:g} s")
    for way in WAYS:
        used = sum(is_answer_used(way) for _ in range(chosen.rounds))
        print(f"{way:<6} {used} of {chosen.rounds} answers used", flush=True)


if __name__ == "__main__":
    main()
