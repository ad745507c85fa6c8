"""What runs where Anki's own library holds a collection open: the add-on for its desktop, and what it shares with a push into a
closed collection.

`apply` reads and changes the collection, `door` lets requests in, `desktop` is the add-on. Nothing here imports the rest of
Cards, which Anki does not have.
"""
