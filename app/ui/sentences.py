"""What the chat says to its reader when something is refused, in the reader's language."""

from app.core.errors import AppError

_GERMAN = {
    "invalid": "Diese Nachricht kann nicht gesendet werden: Sie ist leer oder zu lang.",
    "not_found": "Dieses Gespräch gibt es nicht.",
    "forbidden": "Diese Nachricht wurde unter einem anderen Konto geschrieben.",
    "conflict": "Das geht im Moment nicht.",
    "too_many": "Zu viele Nachrichten auf einmal. Bitte warte einen Augenblick.",
}
_AWAY = {
    "en": "It could not be stored just now. Keiko tries again.",
    "de": "Das konnte gerade nicht gespeichert werden. Keiko versucht es weiter.",
}
_NO_THREAD = {
    "en": "There is no such conversation.",
    "de": "Dieses Gespräch gibt es nicht.",
}
_MODEL = {"en": "Model", "de": "Modell"}


def why(error: Exception, language: str) -> str:
    """Why something was not done, as a sentence."""
    if not isinstance(error, AppError):
        return _AWAY[language]
    if language == "de":
        return _GERMAN.get(error.code, _AWAY["de"])
    return str(error)


def no_thread(language: str) -> str:
    """Said to a page that asks for a thread which its user does not have."""
    return _NO_THREAD[language]


def model_label(language: str) -> str:
    """What the choice of a model is called."""
    return _MODEL[language]
