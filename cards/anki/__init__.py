"""Rendering for Anki: HTML fields, note types and packages."""
