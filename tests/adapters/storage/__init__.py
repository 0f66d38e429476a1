"""The contract of the storage, which every database must keep; `sqlite` has what only SQLite has."""
