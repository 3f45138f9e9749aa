"""Keiko as an MCP server: what programs of others may see and do here, by their user's leave."""
