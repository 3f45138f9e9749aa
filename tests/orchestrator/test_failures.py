"""Every failure has a sentence that a person can act on, in both languages."""

import pytest

from app.core.errors import Unavailable
from app.core.language import LANGUAGES
from app.orchestrator.failures import (
    Failure,
    ModelFailure,
    failure_in_stream,
    failure_of_response,
    sentence,
)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", Failure)
def test_every_failure_has_a_sentence_of_its_own_in_every_language(
    code: Failure, language: str
) -> None:
    text = sentence(code, language)
    assert text.endswith(".") and len(text) > 40
    others = [sentence(c, other) for c in Failure for other in LANGUAGES]
    assert others.count(text) == 1


def test_a_code_that_nobody_knows_reads_like_an_internal_fault() -> None:
    assert sentence("gremlins", "de") == sentence(Failure.INTERNAL, "de")


def test_a_language_that_we_do_not_have_reads_english() -> None:
    assert sentence(Failure.TIMEOUT, "fr") == sentence(Failure.TIMEOUT, "en")


def test_an_internal_fault_carries_the_reference_that_finds_its_log_line() -> None:
    assert sentence(Failure.INTERNAL, "en", reference="7f3a").endswith("(reference: 7f3a)")
    assert sentence(Failure.INTERNAL, "de", reference="7f3a").endswith("(Kennung: 7f3a)")


def test_a_model_failure_is_something_unavailable_and_says_nothing_of_the_endpoint() -> None:
    failure = failure_of_response(401, "bad key sk-secret at http://host", has_key=True)
    assert isinstance(failure, Unavailable)
    assert "sk-secret" not in str(failure) and "http://" not in str(failure)
    assert "sk-secret" in failure.detail


@pytest.mark.parametrize(
    ("status", "said", "code"),
    [
        (400, '{"error":{"code":"context_length_exceeded"}}', Failure.CONTEXT_TOO_LONG),
        (400, "This model's maximum context length is 8192 tokens", Failure.CONTEXT_TOO_LONG),
        (400, '{"type":"exceed_context_size_error"}', Failure.CONTEXT_TOO_LONG),
        (422, "Prompt is too long: reduce the length", Failure.CONTEXT_TOO_LONG),
        (413, "", Failure.CONTEXT_TOO_LONG),
        (400, '{"error":{"code":"content_filter"}}', Failure.MODEL_REFUSED),
        (400, "temperature must be positive", Failure.MODEL_REFUSED),
        (400, "API key not valid. Please pass a valid one", Failure.MODEL_KEY_WRONG),
        (400, '{"error":{"code":"model_not_found"}}', Failure.MODEL_NOT_FOUND),
        (301, "", Failure.MODEL_NOT_FOUND),
        (402, "Insufficient Balance", Failure.MODEL_RATE_LIMITED),
        (502, "<html>bad gateway</html>", Failure.MODEL_ERROR),
        (529, "overloaded", Failure.MODEL_ERROR),
    ],
)
def test_an_endpoints_refusal_is_understood(status: int, said: str, code: Failure) -> None:
    assert failure_of_response(status, said, has_key=True).code is code


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ('{"message":"overloaded"}', Failure.MODEL_ERROR),
        ('{"code":"rate_limit_exceeded"}', Failure.MODEL_RATE_LIMITED),
        ('{"code":"context_length_exceeded"}', Failure.CONTEXT_TOO_LONG),
        ('"content_filter"', Failure.MODEL_REFUSED),
    ],
)
def test_an_error_inside_a_stream_is_understood(said: str, code: Failure) -> None:
    assert failure_in_stream(said).code is code


def test_only_what_may_pass_is_worth_another_try() -> None:
    assert failure_of_response(503, "", has_key=True).passing
    assert failure_of_response(429, "", has_key=True).passing
    assert not failure_of_response(429, "insufficient_quota", has_key=True).passing
    assert not failure_of_response(401, "", has_key=True).passing
    assert not ModelFailure(Failure.MODEL_STALLED).passing
