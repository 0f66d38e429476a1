"""`python -m phonefarm`."""

from phonefarm.commands.cli import main

if __name__ == "__main__":
    main()
