"""Alerts become words, and the words go out to people: wording (pure), dispatcher, one file per channel."""
