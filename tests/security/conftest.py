"""A web process with the REST face, as the tests of `api` have it."""

from tests.api.conftest import web

__all__ = ["web"]
