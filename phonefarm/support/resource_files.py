"""Where the resources lie: beside the packages, in a checkout as in the executable."""

from __future__ import annotations

from pathlib import Path

RESOURCES = Path(__file__).resolve().parents[2] / "resources"
