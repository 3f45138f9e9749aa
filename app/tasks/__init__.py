"""Work: tasks, their leases, their live streams and their questions."""
