"""For applications: an access becomes decoys to show, within a time budget, and never an error."""
