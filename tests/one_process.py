"""The interpreter that runs as one process: in a venv on Windows, `python.exe` starts a second process."""

from __future__ import annotations

import sys

_WINDOWS = sys.platform == "win32"

PYTHON: str = vars(sys)["_base_executable"] if _WINDOWS else sys.executable
"""Start it with `ENVIRONMENT`."""
ENVIRONMENT = {"__PYVENV_LAUNCHER__": sys.executable} if _WINDOWS else {}
