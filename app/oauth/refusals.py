"""How a program is told no: an error code of the specification, and a sentence for its makers."""

from app.core.errors import AppError


class OAuthRefusal(AppError):
    """A request of a program that is not granted; `code` is one of RFC 6749, 7591 or 8707."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def invalid_grant(message: str) -> OAuthRefusal:
    """What was shown opens nothing (RFC 6749, 5.2)."""
    return OAuthRefusal("invalid_grant", message)
