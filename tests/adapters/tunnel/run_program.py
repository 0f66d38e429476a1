"""Runs a tunnel program until it is killed: `run_program.py FAKE URL`."""

from __future__ import annotations

import asyncio
import os
import re
import sys

from phonefarm.adapters.tunnel.presets import ProgramSpec
from phonefarm.adapters.tunnel.program import ProgramTunnel

if __name__ == "__main__":
    spec = ProgramSpec(
        command=(sys.executable, sys.argv[1], "live", sys.argv[2]), url_pattern=re.compile(r"https://\S+")
    )
    tunnel = ProgramTunnel(spec, lambda: os.environ)
    asyncio.run(tunnel.run(lambda url: print(url, flush=True)))
