"""Words and sentences of many languages."""
