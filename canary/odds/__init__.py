"""A plan becomes chances: that a leak is seen, attributed, and not guessed."""
