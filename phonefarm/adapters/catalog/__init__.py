"""Readers of files: Onlinesim's names of networks, the user's numbers, Onlinesim's account."""
