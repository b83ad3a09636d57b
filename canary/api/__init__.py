"""HTTP: accesses come in, decoys to show go out; a thin door onto plant."""
