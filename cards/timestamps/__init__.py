"""Timestamps of a recording: find them in prose, print them, link them."""
