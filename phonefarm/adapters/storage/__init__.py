"""The database: tables, units of work, read queries, migrations."""
