"""A message becomes who sent it: what was authenticated, and by what its sender is known again."""
