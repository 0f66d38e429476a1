"""The admin port: /health and /metrics, on loopback only."""
