"""What is measured, one command each: `python3 farm.py bench NAME`."""
