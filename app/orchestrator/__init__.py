"""Runs one task: agent, model and tools together."""
