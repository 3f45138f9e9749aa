"""The models and agents that a user may choose."""
