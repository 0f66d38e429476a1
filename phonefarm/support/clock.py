"""The clock as a parameter, so that tests can control it."""

from collections.abc import Callable
from datetime import datetime

Clock = Callable[[], datetime]
"""Returns the current time as an aware UTC datetime."""
