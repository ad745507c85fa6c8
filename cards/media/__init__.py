"""What cards embed: pictures, sound, and clips of recordings."""
