"""The admin port: /health, /metrics and the control channel, loopback only."""
