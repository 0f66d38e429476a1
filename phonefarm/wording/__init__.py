"""English sentences for /health, the command line and the window, which translates them."""
