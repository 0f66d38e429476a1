"""`python -m phonefarm`."""

from phonefarm.cli import main

if __name__ == "__main__":
    main()
