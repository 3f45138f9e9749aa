"""How Keiko speaks to others: by TLS that is new enough, and to whom it knows."""

import ssl

import pytest
from redis.asyncio.connection import SSLConnection

from app.core.db import asyncpg_url
from app.core.outbound import certificates
from app.core.redis import open_redis
from app.orchestrator.reader import _trust


@pytest.mark.asvs("12.1.1", "12.3.2")
@pytest.mark.parametrize("make", [certificates, _trust])
def test_nothing_older_than_tls_1_2_is_spoken_and_names_are_checked(make: object) -> None:
    assert callable(make)
    context = make()
    assert isinstance(context, ssl.SSLContext)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    weak = [c["name"] for c in context.get_ciphers() if "NULL" in c["name"] or "RC4" in c["name"]]
    assert weak == []


@pytest.mark.asvs("12.3.1")
async def test_postgres_and_redis_may_be_spoken_to_over_tls_and_are_then_checked() -> None:
    redis = open_redis("rediss://cache.example:6380/0")
    assert redis.connection_pool.connection_class is SSLConnection
    connection = redis.connection_pool.connection_class(**redis.connection_pool.connection_kwargs)
    assert connection.ssl_context.cert_reqs is ssl.CERT_REQUIRED
    await redis.aclose()
    url = asyncpg_url("postgresql://keiko:word@db.example/keiko?ssl=verify-full")
    assert str(url).startswith("postgresql+asyncpg://")
    assert "ssl=verify-full" in str(url)
