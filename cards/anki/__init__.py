"""Drafts and cards as Anki has them: fields of HTML, note types, packages."""
