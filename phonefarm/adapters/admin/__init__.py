"""The admin port: /health and /metrics, loopback only."""
