"""What goes wrong between us and a server, as sentences, and what may be concluded from it."""

import httpx
from mcp import McpError, types

from app.core.errors import AppError
from app.mcp.models import ServerState
from app.mcp.oauth.needed import SignInNeeded
from app.mcp.words import plain_line

NOT_SENT, BROKEN, REFUSED, TOO_LARGE, SIGN_IN = -32901, -32902, -32903, -32904, -32905
"""JSON-RPC errors that are ours: surely not carried out; perhaps; surely not; perhaps; surely not,
for somebody has to sign in first (its data: the scopes)."""

_STATUS = {
    401: "It wants a sign-in (HTTP 401); check the headers that it is called with.",
    403: "It refuses us (HTTP 403); check the headers that it is called with.",
    404: "There is no MCP server at this address (HTTP 404); check its path.",
    429: "It is called too often (HTTP 429); try again later.",
}


def leaf(error: BaseException) -> BaseException:
    """The error inside all groups around it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def sign_in_needed(error: BaseException) -> SignInNeeded | None:
    """Whether somebody has to sign in, and what for."""
    error = leaf(error)
    if isinstance(error, SignInNeeded):
        return error
    if isinstance(error, McpError) and error.error.code == SIGN_IN:
        return SignInNeeded(error.error.data or ())
    return None


def http_sentence(error: Exception) -> str:
    """Why a request came to nothing."""
    match error:
        case httpx.HTTPStatusError(response=response):
            status = response.status_code
            if 300 <= status < 400:
                return f"It sends us elsewhere (HTTP {status}); name its real address."
            return _STATUS.get(status, f"It answers HTTP {status}.")
        case httpx.ConnectTimeout():
            return "Nobody answers at its address."
        case httpx.ConnectError() if "CERTIFICATE" in str(error).upper():
            return "Its certificate is not valid."
        case httpx.ConnectError():
            return "Nobody listens at its address; check host and port, and that it runs."
        case httpx.TimeoutException():
            return "It fell silent in the middle of an answer."
    return "The connection broke."


def sentence_of(error: BaseException) -> str:
    """Why there is no session, for a person."""
    error = leaf(error)
    match error:
        case AppError():
            return str(error)
        case McpError() if error.error.code == types.CONNECTION_CLOSED:
            return "It ended before it could be used."
        case McpError():
            return plain_line(error.error.message)[:300]
        case httpx.HTTPError():
            return http_sentence(error)
        case TimeoutError():
            return "It does not answer."
        case FileNotFoundError():
            return f"The program “{error.filename}” was not found; is it installed?"
        case PermissionError():
            return f"The program “{error.filename}” may not be started."
    return f"It does not speak MCP as it should ({type(error).__name__})."


def state_of(error: BaseException) -> ServerState:
    """Whether a person has to change something, or time may help."""
    if sign_in_needed(error):
        return ServerState.SIGN_IN
    error = leaf(error)
    refused = isinstance(error, (AppError, FileNotFoundError, PermissionError)) or (
        isinstance(error, McpError) and error.error.code == REFUSED
    )
    status = error.response.status_code if isinstance(error, httpx.HTTPStatusError) else 500
    return ServerState.REFUSED if refused or status < 500 else ServerState.AWAY
