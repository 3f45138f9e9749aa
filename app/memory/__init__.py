"""What Keiko remembers for a user: short texts, found by their words."""
