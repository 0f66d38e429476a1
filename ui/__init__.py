"""The window: shows what FarmDesk tells and asks it for what the user wants."""
