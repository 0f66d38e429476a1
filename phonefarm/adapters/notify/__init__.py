"""Sends alerts, and keeps what is needed for that."""
