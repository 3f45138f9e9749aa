"""Requests that nobody would write by hand, made from the OpenAPI document, against all of it."""

import asyncio
import contextlib
import re
from typing import Any

import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from app.api.router import build_api
from app.core.resources import Resources
from app.users.models import Role
from tests.api.acting import Web, sign_in

DOCUMENT = build_api().openapi()
ENDLESS = re.compile(r"/events$|/happenings/stream$|/stream$")
BOTH = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
TRIED: dict[Role, tuple[int, tuple[GenerationMode, ...]]] = {
    Role.ADMIN: (2, BOTH),
    Role.OPERATOR: (1, (GenerationMode.NEGATIVE,)),
    Role.USER: (1, BOTH),
    Role.VIEWER: (1, (GenerationMode.POSITIVE,)),
}
"""How many requests for each operation, and which: a viewer's right ones are refused, too."""

CHECKED = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
SETTINGS: dict[str, Any] = {
    "deadline": None,
    "database": None,
    "derandomize": True,
    "phases": [Phase.explicit, Phase.generate],
    "suppress_health_check": list(HealthCheck),
}


def try_all(url: str, cookies: dict[str, str], role: Role) -> list[str]:
    """What is wrong with the answers to requests for each operation; most of them broken."""
    examples, modes = TRIED[role]
    schema = schemathesis.openapi.from_dict(DOCUMENT)
    wrong: list[str] = []
    with requests.Session() as session:
        session.cookies.update(cookies)
        session.headers["Origin"] = url
        for found in schema.get_all_operations():
            assert isinstance(found, Ok)
            operation = found.ok()
            if ENDLESS.search(operation.path) or operation.label in NOT_TRIED:
                continue
            for mode in modes:
                _try_one(operation, mode, url, session, examples, wrong)
    return wrong


NOT_TRIED: set[str] = set()


def _try_one(
    operation: Any,
    mode: GenerationMode,
    url: str,
    session: requests.Session,
    examples: int,
    wrong: list[str],
) -> None:
    @hypothesis.settings(max_examples=examples, **SETTINGS)
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        answer = case.call(base_url=url, session=session, timeout=20)
        try:
            case.validate_response(answer, checks=CHECKED)
        except FailureGroup as failures:
            said = f"{case.body!r} {case.query!r} {case.path_parameters!r}"[:400]
            wrong.extend(f"{operation.label}: {each} with {said}" for each in failures.exceptions)

    with contextlib.suppress(Unsatisfiable):  # where nothing is taken, nothing can be wrong
        ask()


@pytest.mark.asvs("2.2.1", "2.2.2", "4.1.1", "15.3.5")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("role", TRIED)
async def test_no_request_breaks_it_and_every_answer_is_as_documented(
    web: Web, resources: Resources, role: Role
) -> None:
    person = await sign_in(resources, web.url, "ada", role)
    cookies = dict(person.http.cookies)
    await person.http.aclose()
    wrong = await asyncio.to_thread(try_all, web.url, cookies, role)
    assert not wrong, "\n\n".join(wrong)
