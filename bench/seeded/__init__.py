"""Deterministic simulation of a farm on a virtual clock: market, phones, crashes and faults from one seed."""
