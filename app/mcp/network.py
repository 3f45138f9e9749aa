"""Connections to servers: only to addresses that were checked, and noticed when they die."""

import socket
import ssl
from collections.abc import Iterable
from functools import cache
from typing import Any

import httpcore
from httpcore._backends.auto import AutoBackend

from app.core.outbound import Allowed, Lookup, certificates

_KEEPALIVE = [
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *(
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3))
        if hasattr(socket, name)  # macOS has its own names
    ),
]
"""A machine that is gone without a word is noticed within half a minute."""


class CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Connects to addresses that were checked, and to no others."""

    def __init__(self, allowed: Allowed, look_up: Lookup) -> None:
        self._allowed = allowed
        self._look_up = look_up
        self._network = AutoBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to the first address of `host` that takes one."""
        try:
            addresses = await self._allowed.resolve(host, port, self._look_up)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        failure: Exception = httpcore.ConnectError("This name has no address.")
        for address in addresses:
            try:
                return await self._network.connect_tcp(
                    address, port, timeout=timeout, socket_options=[*_KEEPALIVE]
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        """Nothing that a user names is a socket of this machine."""
        raise httpcore.ConnectError("There are no sockets here.")

    async def sleep(self, seconds: float) -> None:
        """Rest between two tries."""
        await self._network.sleep(seconds)


@cache
def certificates_here() -> ssl.SSLContext:
    """What servers' certificates are checked with; read once."""
    return certificates()
