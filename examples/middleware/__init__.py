"""Middlewares to copy: the rows of a JSON answer are seeded on their way out."""
