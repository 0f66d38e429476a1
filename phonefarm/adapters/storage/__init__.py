"""The database: tables, units of work, views; what only SQLite has stands in `sqlite`."""
