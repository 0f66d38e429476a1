"""One behaviour for every database; SQLite now."""
