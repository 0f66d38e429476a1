"""The window: shows the data of a FarmDesk, and sends it the user's commands."""
