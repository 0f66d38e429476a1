"""The market's contract, field for field."""
