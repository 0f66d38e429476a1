"""Parsers on dumps of every release, conversations with a fake adb server, a farm of virtual phones."""
