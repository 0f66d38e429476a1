"""Stand-ins for the world, each speaking its real protocol."""
