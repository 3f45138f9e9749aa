"""The REST face under /api/v1."""
