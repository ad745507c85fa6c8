"""Preview: all cards as one HTML page."""
