"""What is on record: who did what, and what came of it."""
