"""A chat turn: a message and the task that answers it, always together."""
