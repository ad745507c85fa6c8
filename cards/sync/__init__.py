"""Push into Anki: what a push would do, as values, and what does it.

`plan` is pure: the cards of the notes, what was last delivered, and the state of a collection give the steps. `closed` carries
them out in a collection that no Anki has open. `memory` keeps, for each collection, what was delivered and how to take it back.
"""
