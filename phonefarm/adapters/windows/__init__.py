"""What only Windows has: requests to stay awake, and power plans."""
