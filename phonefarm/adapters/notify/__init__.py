"""Sends alerts, and stores their settings and memory."""
