"""Parsers on dumps of every release, the client on a fake adb server, the bridge on virtual phones."""
