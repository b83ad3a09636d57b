"""Access log: lines that somebody's system wrote become accesses."""

from canary.accesslog.reading import read
from canary.accesslog.row import BadRow, ReadReport
from canary.accesslog.times import parse_time

__all__ = ["BadRow", "ReadReport", "parse_time", "read"]
