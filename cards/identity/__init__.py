"""Identity of cards: the ledger, and how drafts are matched to its entries."""
