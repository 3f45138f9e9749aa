"""The web port: opened before anything else starts, so that a taken one is known at once."""

import errno
import socket

from app.core.errors import Conflict
from app.core.settings import Settings

_BACKLOG = 2048


def open_port(host: str, port: int) -> socket.socket:
    """Listen on `host` and `port` (0: any free one). `Conflict` says what to do if that fails."""
    try:
        family, *_, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except OSError as error:
        raise Conflict(_refusal(host, port, error)) from error


def web_socket(settings: Settings) -> socket.socket:
    """The socket that the launcher opened and holds, or a new one where there is no launcher.

    As the launcher holds it too, connections made while web restarts wait instead of failing.
    """
    if settings.listen_fd is not None:
        return socket.socket(fileno=settings.listen_fd)
    return open_port(settings.host, settings.port)


def _refusal(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is taken by another program. Choose another with --port N."
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"This user may not open port {port}. Choose one above 1023 with --port N."
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"{host} is not an address of this machine. Choose another with --host H."
    return f"Port {port} on {host} cannot be opened: {error.strerror}."
