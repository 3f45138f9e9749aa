"""Every way in which a turn can fail, and the plain sentence that says what to do about it.

Sentences hold no text of a model, no key and no address: they are shown in the chat and kept.
"""

from enum import StrEnum

from app.core.errors import Unavailable
from app.core.language import LANGUAGES


class Failure(StrEnum):
    """Why a turn has no complete answer; kept as the task's error code."""

    MODEL_KEY_MISSING = "model_key_missing"
    MODEL_KEY_WRONG = "model_key_wrong"
    MODEL_NOT_FOUND = "model_not_found"
    MODEL_RATE_LIMITED = "model_rate_limited"
    MODEL_ERROR = "model_error"
    MODEL_STALLED = "model_stalled"
    MODEL_CUT = "model_cut"
    MODEL_UNREACHABLE = "model_unreachable"
    MODEL_REFUSED = "model_refused"
    CONTEXT_TOO_LONG = "context_too_long"
    TOOLS_UNAVAILABLE = "tools_unavailable"
    NO_PROMPT = "no_prompt"
    TIMEOUT = "timeout"
    GOING_IN_CIRCLES = "going_in_circles"
    POISONOUS = "poisonous"
    NOT_ALLOWED = "not_allowed"
    INTERNAL = "internal"


class ModelFailure(Unavailable):
    """A model did not do its part.

    `detail` is for the log, never for a person: it may hold text of the endpoint. `passing`
    says that the same request may succeed in a moment, `retry_after` (seconds) when.
    """

    def __init__(
        self,
        code: Failure,
        *,
        detail: str = "",
        passing: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(sentence(code, "en"))
        self.code = code
        self.detail = detail
        self.passing = passing
        self.retry_after = retry_after


def sentence(code: str, language: str, *, reference: str | None = None) -> str:
    """What a person reads when a turn fails with `code`; `reference` finds the log line."""
    known = code if code in set(Failure) else Failure.INTERNAL
    text = _SENTENCES[Failure(known)][LANGUAGES.index(language) if language in LANGUAGES else 0]
    return f"{text} ({_REFERENCE.get(language, 'reference')}: {reference})" if reference else text


def failure_of_response(
    status: int, said: str, *, has_key: bool, retry_after: float | None = None
) -> ModelFailure:
    """What an endpoint means by a refusal: its HTTP status, and the words in its body."""
    code = _code_of_status(status)
    if code is Failure.MODEL_REFUSED:
        code = code_of_words(said) or code
    if code is Failure.MODEL_KEY_WRONG and not has_key:
        code = Failure.MODEL_KEY_MISSING
    spent = status == 402 or any(sign in said.lower() for sign in _SPENT)
    return ModelFailure(
        code,
        detail=f"{status} {said[:500]}",
        passing=code in _PASSING and not spent,
        retry_after=retry_after,
    )


def failure_in_stream(said: str) -> ModelFailure:
    """What an endpoint means by an error inside a stream that began well."""
    code = code_of_words(said) or Failure.MODEL_ERROR
    return ModelFailure(code, detail=said[:500], passing=code in _PASSING)


def code_of_words(said: str) -> Failure | None:
    """What the words of an error give away, if anything."""
    words = said.lower()
    return next((c for c, signs in _SIGNS.items() if any(s in words for s in signs)), None)


def _code_of_status(status: int) -> Failure:
    if status in _STATUSES:
        return _STATUSES[status]
    if status >= 500:
        return Failure.MODEL_ERROR
    return Failure.MODEL_REFUSED if status >= 400 else Failure.MODEL_NOT_FOUND


_STATUSES = {
    401: Failure.MODEL_KEY_WRONG,
    403: Failure.MODEL_KEY_WRONG,
    402: Failure.MODEL_RATE_LIMITED,
    404: Failure.MODEL_NOT_FOUND,
    405: Failure.MODEL_NOT_FOUND,
    408: Failure.MODEL_ERROR,
    413: Failure.CONTEXT_TOO_LONG,
    425: Failure.MODEL_ERROR,
    429: Failure.MODEL_RATE_LIMITED,
}

_SIGNS = {
    Failure.CONTEXT_TOO_LONG: (
        "context_length",
        "context length",
        "context window",
        "context size",
        "exceed_context",
        "too many tokens",
        "prompt is too long",
        "input is too long",
        "reduce the length",
        "string_above_max_length",
    ),
    Failure.MODEL_NOT_FOUND: ("model_not_found", "does not exist", "unknown model"),
    Failure.MODEL_KEY_WRONG: ("invalid_api_key", "api key not valid", "incorrect api key"),
    Failure.MODEL_REFUSED: ("content_filter", "content_policy", "responsibleai"),
    Failure.MODEL_RATE_LIMITED: ("rate_limit", "too many requests"),
}
"""What the many endpoints write into an error when its status says less than they know."""

_PASSING = (Failure.MODEL_ERROR, Failure.MODEL_RATE_LIMITED)

WORTH_ANOTHER_TRY = {
    Failure.MODEL_ERROR,
    Failure.MODEL_RATE_LIMITED,
    Failure.MODEL_STALLED,
    Failure.MODEL_CUT,
    Failure.MODEL_UNREACHABLE,
    Failure.TOOLS_UNAVAILABLE,
}
"""Failures that may be over in a while: a task that allows it is tried again."""

_SPENT = ("insufficient_quota", "insufficient balance", "billing")
"""Signs that waiting does not help: the credit is used up."""

_REFERENCE = {"en": "reference", "de": "Kennung"}

_SENTENCES = {
    Failure.MODEL_KEY_MISSING: (
        "The model wants an API key, and none is set. Whoever runs Keiko sets KEIKO_MODEL_KEY "
        "and starts it again; then use the button to try again.",
        "Das Modell verlangt einen API-Schlüssel, und es ist keiner hinterlegt. Wer Keiko "
        "betreibt, setzt KEIKO_MODEL_KEY und startet neu; danach hilft der Knopf zum Wiederholen.",
    ),
    Failure.MODEL_KEY_WRONG: (
        "The model does not accept the API key. Whoever runs Keiko checks KEIKO_MODEL_KEY and "
        "starts it again; then use the button to try again.",
        "Das Modell nimmt den API-Schlüssel nicht an. Wer Keiko betreibt, prüft KEIKO_MODEL_KEY "
        "und startet neu; danach hilft der Knopf zum Wiederholen.",
    ),
    Failure.MODEL_NOT_FOUND: (
        "There is no such model at the configured address. Choose another model, or have "
        "KEIKO_MODEL_NAME and KEIKO_MODEL_URL checked.",
        "Dieses Modell gibt es unter der eingestellten Adresse nicht. Bitte ein anderes Modell "
        "wählen oder KEIKO_MODEL_NAME und KEIKO_MODEL_URL prüfen lassen.",
    ),
    Failure.MODEL_RATE_LIMITED: (
        "The model takes no more requests for now: too many at once, or its credit is used up. "
        "Wait a minute and try again, or choose another model.",
        "Das Modell nimmt gerade keine weiteren Anfragen an: Es sind zu viele auf einmal, oder "
        "das Guthaben ist aufgebraucht. Bitte eine Minute warten und wiederholen oder ein anderes "
        "Modell wählen.",
    ),
    Failure.MODEL_ERROR: (
        "The model reports a fault of its own. Try again, or choose another model if it stays.",
        "Das Modell meldet eine eigene Störung. Bitte wiederholen oder, wenn sie bleibt, ein "
        "anderes Modell wählen.",
    ),
    Failure.MODEL_STALLED: (
        "The model fell silent in the middle of its work. Try again, or choose another model if "
        "it stays silent.",
        "Das Modell ist mitten in der Arbeit verstummt. Bitte wiederholen oder, wenn es stumm "
        "bleibt, ein anderes Modell wählen.",
    ),
    Failure.MODEL_CUT: (
        "The connection to the model broke off before the answer was complete. Try again.",
        "Die Verbindung zum Modell ist abgerissen, bevor die Antwort vollständig war. Bitte "
        "wiederholen.",
    ),
    Failure.MODEL_UNREACHABLE: (
        "The model cannot be reached. Check that its server runs and that the network is up, "
        "then try again, or choose another model.",
        "Das Modell ist nicht erreichbar. Bitte prüfen, ob sein Server läuft und das Netz "
        "steht, und dann wiederholen oder ein anderes Modell wählen.",
    ),
    Failure.MODEL_REFUSED: (
        "The model refused this request. Put it in other words, or choose another model.",
        "Das Modell hat diese Anfrage abgelehnt. Bitte anders formulieren oder ein anderes "
        "Modell wählen.",
    ),
    Failure.CONTEXT_TOO_LONG: (
        "This conversation is too long for the model. Shorten the message, begin a new "
        "conversation, or choose a model that can read more.",
        "Diese Unterhaltung ist zu lang für das Modell. Bitte die Nachricht kürzen, eine neue "
        "Unterhaltung beginnen oder ein Modell wählen, das mehr lesen kann.",
    ),
    Failure.TOOLS_UNAVAILABLE: (
        "The tools do not answer. Try again in a moment; if it stays, `./keiko doctor` says "
        "what is wrong.",
        "Die Werkzeuge antworten nicht. Bitte gleich noch einmal wiederholen; wenn es dabei "
        "bleibt, sagt `./keiko doctor`, was nicht stimmt.",
    ),
    Failure.NO_PROMPT: (
        "The prompt could not be fetched from its server; the reason stands at your message. "
        "Try again, or say it in your own words.",
        "Die Vorlage ließ sich nicht von ihrem Server holen; der Grund steht bei deiner "
        "Nachricht. Versuche es noch einmal, oder sag es mit eigenen Worten.",
    ),
    Failure.TIMEOUT: (
        "The answer took longer than a turn may take. Try again, or ask for less at once.",
        "Die Antwort hat länger gedauert, als ein Durchgang dauern darf. Bitte wiederholen oder "
        "weniger auf einmal verlangen.",
    ),
    Failure.GOING_IN_CIRCLES: (
        "The model called tools again and again without coming to an answer. Put the request in "
        "other words, or use the button to try again.",
        "Das Modell hat immer wieder Werkzeuge benutzt, ohne zu einer Antwort zu kommen. Bitte "
        "anders formulieren oder den Knopf zum Wiederholen nutzen.",
    ),
    Failure.NOT_ALLOWED: (
        "Your account may not have anything done at present: it is shut, or its role only reads. "
        "An admin can change that; then use the button to try again.",
        "Dein Konto darf derzeit nichts erledigen lassen: Es ist gesperrt oder darf nur lesen. Ein "
        "Admin kann das ändern; danach hilft der Knopf zum Wiederholen.",
    ),
    Failure.POISONOUS: (
        "This request brought Keiko down several times and is not tried again by itself. Put it "
        "in other words, or use the button to try again.",
        "An dieser Anfrage ist Keiko mehrmals gescheitert und versucht sie nicht von selbst noch "
        "einmal. Bitte anders formulieren oder den Knopf zum Wiederholen nutzen.",
    ),
    Failure.INTERNAL: (
        "Something went wrong inside Keiko. Try again; if it happens again, tell whoever runs "
        "Keiko.",
        "In Keiko ist etwas schiefgegangen. Bitte wiederholen; wenn es wieder passiert, bitte "
        "denen sagen, die Keiko betreiben.",
    ),
}
