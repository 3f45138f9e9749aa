"""The walks through the whole house, in one process."""
