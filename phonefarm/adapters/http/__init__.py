"""Hypercorn on a socket that was bound beforehand."""
