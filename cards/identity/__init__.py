"""Which card a draft is: the ledger, and how drafts are matched to its entries."""
