"""What is known of languages: their words, and where their sentences end."""
