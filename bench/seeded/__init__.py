"""A farm on a clock of its own: random market, phones, crashes and faults from one seed; the market judges."""
