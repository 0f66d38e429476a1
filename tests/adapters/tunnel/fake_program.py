"""A tunnel program that prints what it is told, then lives, dies or hangs: `fake_program.py WHAT LINE...`."""

from __future__ import annotations

import signal
import sys
import time


def main(what: str, lines: list[str]) -> int:
    if what == "hang":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for line in lines:
        print(line, flush=True)
    if what == "flood":
        for number in range(5000):
            print(f"line {number}", flush=True)
    if what == "die":
        return 3
    if what == "close":
        sys.stdout.close()
    time.sleep(600)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
