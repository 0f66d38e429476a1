"""What is read from files: the market's names of networks, the user's numbers."""
