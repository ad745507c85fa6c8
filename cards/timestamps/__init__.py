"""Times of a recording: found in prose, printed, and linked."""
