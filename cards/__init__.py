"""Cards: notes about podcasts, talks, papers and books as spaced-repetition decks for Anki."""

__version__ = "0.1.0"
