"""What is raised where somebody has to sign in first."""

from collections.abc import Sequence

from app.core.errors import AppError


class SignInNeeded(AppError):
    """The server wants to know who calls; it surely did not do what it was asked.

    `scopes` are what it asks for, where it says so.
    """

    code = "sign_in_needed"

    def __init__(self, scopes: Sequence[str] = ()) -> None:
        super().__init__("It wants you to sign in. Press “Sign in” on the page Tools.")
        self.scopes = list(scopes)
