"""The user's files: notes and media, which are only read, `cards.toml`, and the cache."""
