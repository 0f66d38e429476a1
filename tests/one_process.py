"""Runs the interpreter of the tests as one process: of a venv on Windows, `python.exe` only starts the real one."""

from __future__ import annotations

import sys

_WINDOWS = sys.platform == "win32"

PYTHON: str = vars(sys)["_base_executable"] if _WINDOWS else sys.executable
"""Needs `ENVIRONMENT`."""
ENVIRONMENT = {"__PYVENV_LAUNCHER__": sys.executable} if _WINDOWS else {}
