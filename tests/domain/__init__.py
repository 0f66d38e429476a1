"""The rules, as specifications."""
