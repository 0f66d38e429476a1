"""All that only SQLite has: its file, its one writer, its log, its backups and the statements prepared for it."""
