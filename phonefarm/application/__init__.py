"""Use cases, the interfaces they need, and what the window may see and order."""
