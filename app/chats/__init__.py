"""Threads and what was said in them."""
