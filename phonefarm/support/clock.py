"""The clock as a parameter, so that a test can set it."""

from collections.abc import Callable
from datetime import datetime

Clock = Callable[[], datetime]
"""The time now, in UTC and aware of it."""
