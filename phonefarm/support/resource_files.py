"""The folder of the resources: beside the packages, both in a checkout and in the executable."""

from __future__ import annotations

from pathlib import Path

RESOURCES = Path(__file__).resolve().parents[2] / "resources"
