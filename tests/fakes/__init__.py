"""Stand-ins for what is not ours; each is a real server."""
