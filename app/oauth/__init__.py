"""Assistants of others that may come in: who they are, what a user granted, and their tokens."""
