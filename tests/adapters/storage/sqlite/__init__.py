"""What only SQLite has: its file, its writer, its backups, its prepared statements."""
