"""Checks for cards that will be hard or useless to review."""
