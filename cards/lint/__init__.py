"""Which cards will be hard or useless to review."""
