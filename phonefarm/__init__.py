"""The backend of phonefarm: phones, SIMs, rents and pushes. Knows no Qt."""

__version__ = "0.1.0"
