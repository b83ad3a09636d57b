"""canary: a decoy in every view names the access through which an address leaked."""

__version__ = "0.1.0"
