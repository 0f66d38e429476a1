"""Virtual phones and a virtual Onlinesim, speaking the real protocols on loopback."""
