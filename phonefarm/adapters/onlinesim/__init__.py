"""Onlinesim: the wire format field by field, our three webhooks and the push channel."""
