"""The user's files: notes and media (never written), `cards.toml`, and the cache."""
