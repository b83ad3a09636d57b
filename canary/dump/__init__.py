"""Any text becomes the decoys that are in it, and those that nearly are."""
