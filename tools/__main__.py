"""`python -m tools`: the built-in server over stdio, for any MCP client."""

from app.core.logs import configure_logs
from tools.server import build_server

if __name__ == "__main__":
    configure_logs("tools", "warning")
    build_server().run("stdio")
