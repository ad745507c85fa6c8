"""Media of cards: pictures, sounds, and clips of recordings."""
