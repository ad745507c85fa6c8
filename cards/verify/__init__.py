"""Trial imports into the real Anki."""
