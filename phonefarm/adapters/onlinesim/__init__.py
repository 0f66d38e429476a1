"""Onlinesim: the wire field for field, our three webhooks, the push channel, the HTTP server."""
