"""What Keiko rests on goes away while it runs: nobody gets rights by that, and it recovers."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import httpx
import psutil
import pytest

from tests.product import PASSWORD, Product

PATIENT = 20.0
"""Seconds that a request may take while something hangs: a sentence comes, if late."""


@contextmanager
def asleep(product: Product, name: str) -> Iterator[None]:
    """One of its servers, with all its processes, neither dead nor answering."""
    process = psutil.Process(product.pid(name))
    family = [process, *process.children(recursive=True)]
    for each in family:
        each.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for each in reversed(family):
            if each.is_running():
                each.send_signal(signal.SIGCONT)


def account(product: Product, role: str) -> tuple[str, httpx.Client]:
    """A new account of this role, and a client that is signed in as it."""
    name = f"eve-{uuid4().hex[:8]}"
    with product.client() as owner:
        asked = owner.post("/api/v1/users/invitations", json={"role": role}).raise_for_status()
        chosen = {"username": name, "password": PASSWORD, "password_again": PASSWORD}
        path = httpx.URL(asked.json()["data"]["link"]).path
        made = httpx.post(product.url + path, json=chosen).raise_for_status()
        users = owner.get("/api/v1/users").raise_for_status().json()["data"]
    id = next(user["id"] for user in users if user["username"] == name)
    client = httpx.Client(base_url=product.url, cookies=made.cookies, timeout=PATIENT)
    return id, client


def until(what: str, client: httpx.Client, path: str, status: int) -> None:
    """Wait until a request is answered so."""
    deadline = time.monotonic() + 60
    while (found := client.get(path).status_code) != status:
        assert time.monotonic() < deadline, f"{what}: {path} is still answered with {found}"
        time.sleep(0.1)


@pytest.mark.asvs("16.5.3", "16.5.2")
def test_without_redis_rights_are_what_the_database_says_and_stay_so_afterwards(
    product: Product,
) -> None:
    id, eve = account(product, "admin")
    with eve, product.client() as owner:
        owner.timeout = httpx.Timeout(PATIENT)
        assert eve.get("/api/v1/users").status_code == 200
        with asleep(product, "valkey"):
            lowered = owner.put(f"/api/v1/users/{id}/role", json={"role": "viewer"})
            assert lowered.status_code == 200
            assert eve.get("/api/v1/users").status_code == 401
            wrong = {"username": "keiko", "password": "not this one at all"}
            tried = [httpx.post(f"{product.url}/auth/login", json=wrong, timeout=PATIENT)
                     for _ in range(2)]  # fmt: skip
            assert {each.status_code for each in tried} <= {401, 429}
        until("Redis is back", owner, "/api/v1/me", 200)
        assert eve.get("/api/v1/users").status_code == 401


@pytest.mark.asvs("16.5.1", "16.5.3")
def test_without_the_database_everybody_is_refused_with_a_sentence(product: Product) -> None:
    with product.client() as owner, httpx.Client(base_url=product.url) as program:
        owner.timeout = httpx.Timeout(90)
        made = owner.post("/api/v1/api-keys", json={"name": "x", "scopes": ["tasks:read"]})
        key = {"Authorization": f"Bearer {made.raise_for_status().json()['data']['key']}"}
        process = psutil.Process(product.pid("postgres"))
        os.kill(process.pid, signal.SIGSTOP)  # takes no new connections; those that are go now
        try:
            for each in process.children(recursive=True):
                each.kill()
            for client, headers in ((owner, {}), (program, key)):
                answer = client.get("/api/v1/tasks", headers=headers, timeout=90)
                assert answer.status_code == 503, answer.text
                assert "does not answer" in answer.json()["error"]["message"]
        finally:
            os.kill(process.pid, signal.SIGCONT)
        until("the database is back", owner, "/api/v1/tasks", 200)
