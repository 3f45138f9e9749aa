"""The errors a person may see.

Domain code raises these and nothing else on purpose. Each face turns a kind into its own
language: `app/api/errors.py` into an HTTP status, `app/ui` into a message in the chat.
Anything else is a bug: it is logged with its stack and shown as a reference number.
"""


class AppError(Exception):
    """Base of all expected errors: `code` is for programs, the message is for people."""

    code: str = "error"


class NotFound(AppError):
    """It does not exist, or this user may not know that it does."""

    code = "not_found"


class Forbidden(AppError):
    """The user is known and may not do this."""

    code = "forbidden"


class Unauthenticated(AppError):
    """Nobody is signed in, or the sign-in failed."""

    code = "unauthenticated"


class ProofNeeded(Forbidden):
    """Who is signed in has to prove anew who they are, before this."""

    code = "proof_needed"


class FullPageNeeded(Forbidden):
    """A frame in a page of others is no place to decide this: such a page may cover the words."""

    code = "full_page_needed"


class Conflict(AppError):
    """The request is sound, but not in the present state."""

    code = "conflict"


class Invalid(AppError):
    """The request makes no sense; `field` names the part that does not."""

    code = "invalid"

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class TooMany(AppError):
    """Too many tries in too short a time; worth another after `retry_after` seconds."""

    code = "too_many"

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(AppError):
    """Something we depend on (a model, an MCP server, a database) does not answer."""

    code = "unavailable"


class LeaseLost(AppError):
    """Another worker runs this task now: whoever reads this must stop and write nothing."""

    code = "lease_lost"
