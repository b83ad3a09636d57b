"""The command line: one file per verb, and the only place where an error becomes an exit code."""

from canary.cli.program import main

__all__ = ["main"]
