"""Signing in to servers with OAuth 2.1, as MCP 2025-11-25 wants it: each user by themselves."""
