"""An internal reviews tool that plants decoys in what its employees see."""
