"""The cards of a run as one page for a browser."""
