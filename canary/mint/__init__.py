"""Mint: an access becomes decoys."""

from canary.mint.minter import Minter
from canary.mint.policy import MintPolicy

__all__ = ["MintPolicy", "Minter"]
