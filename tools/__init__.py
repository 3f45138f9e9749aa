"""The built-in MCP server: what Keiko can do without any other server."""
