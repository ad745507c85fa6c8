"""What an import would do, tried in the real Anki."""
