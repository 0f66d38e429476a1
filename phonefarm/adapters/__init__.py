"""Translators between the farm and the world: adb, Onlinesim, the database, the keyring, the admin port."""
