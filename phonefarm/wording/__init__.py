"""English for what is told outside the window as well: /health and the command line; the window translates it."""
