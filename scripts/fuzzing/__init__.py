"""Bytes that nobody foresaw become findings, or nothing."""
