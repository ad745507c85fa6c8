"""Commands, one per file. Most import the pipeline only when they run, so that `--help` stays fast."""
