"""What the chat says to its reader when something is refused, in the reader's language."""

from app.core.errors import AppError
from app.core.refusals import in_language
from app.users.permissions import READ_ONLY

_AWAY = {
    "en": "It could not be stored just now. Keiko tries again.",
    "de": "Das konnte gerade nicht gespeichert werden. Keiko versucht es weiter.",
}
_MODEL = {"en": "Model", "de": "Modell"}


def why(error: Exception, language: str) -> str:
    """Why something was not done, as a sentence."""
    if not isinstance(error, AppError):
        return _AWAY[language]
    return in_language(str(error), language)


def no_thread(language: str) -> str:
    """Said to a page that asks for a thread which its user does not have."""
    return in_language("There is no such conversation.", language)


def only_reads(language: str) -> str:
    """Said above the field for messages to whoever may not write any."""
    return in_language(READ_ONLY, language)


def model_label(language: str) -> str:
    """What the choice of a model is called."""
    return _MODEL[language]
