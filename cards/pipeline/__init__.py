"""Notes to decks on disk, the whole way or only where something changed."""
