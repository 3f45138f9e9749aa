"""How much one client may do: the seed's numbers, each of which the operator may change."""

from pydantic import BaseModel, ConfigDict, Field

WINDOW_SECONDS = 60
"""What "per minute" means (seed: `rate_limit:{client_ip}:{endpoint}` lives 60 s)."""


class RateLimits(BaseModel):
    """Requests per minute, client and endpoint, unless a field says otherwise (seed A21)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    default: int = Field(100, ge=1, description="Whatever changes something, and all of nobody's.")
    reading: int = Field(
        600, ge=1, description="What pages of a signed-in user read by themselves."
    )
    auth: int = Field(10, ge=1, description="Signing in, per address.")
    tasks: int = Field(20, ge=1, description="Beginning work by REST.")
    tickets: int = Field(600, ge=1, description="Tickets of visitors, per site and per address.")
    upload: int = Field(5, ge=1, description="Files.")
    mcp_register: int = Field(10, ge=1, description="New servers of tools.")
    mcp_invoke: int = Field(
        100, ge=1, description="Requests to Keiko as an MCP server, and trials."
    )
    mcp_discovery: int = Field(50, ge=1, description="What servers of tools offer.")
    messages_per_second: float = Field(2, gt=0, description="Messages written in the chat.")
    messages_burst: int = Field(5, ge=1, description="Messages that may come at once.")
    sockets: int = Field(10, ge=1, description="Open pages of the chat, per user and address.")
    streams: int = Field(5, ge=1, description="Open event streams, per user and address.")
