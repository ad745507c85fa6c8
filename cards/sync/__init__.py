"""Push into Anki: what a push would do, as values, and what does it.

`plan` and `looks` are pure: the cards of the notes, what was last delivered, and the state of a collection give the steps.
`closed` carries them out in a collection that no Anki has open, `addon` and `live` in an open one, by our add-on and by
AnkiConnect. `memory` keeps, for each collection, what was delivered and how to take it back.
"""
