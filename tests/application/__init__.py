"""The use cases on real SQLite files, with a clock that the test controls."""
