"""The form of every answer: data or an error, and which request it belongs to (seed: API style)."""

from datetime import datetime
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, Field
from structlog.contextvars import get_contextvars

from app import __version__
from app.core.clock import now

Data = TypeVar("Data")


def present_request_id() -> str:
    """The id of the request that is being answered."""
    return str(get_contextvars().get("request_id", ""))


class Metadata(BaseModel):
    """Which request this answers, when, and by which version of the product."""

    request_id: str = Field(default_factory=present_request_id)
    timestamp: datetime = Field(default_factory=now)
    version: str = __version__


class Success(BaseModel, Generic[Data]):
    """What was asked for."""

    success: Literal[True] = True
    data: Data
    metadata: Metadata = Field(default_factory=Metadata)


class ErrorBody(BaseModel):
    """What went wrong: `code` is for programs, `message` is for people."""

    code: str
    message: str
    field: Annotated[
        str | None, Field(description="The part of the request that is wrong, if it is one.")
    ] = None
    reference: Annotated[str | None, Field(description="What to look for in the server's log.")] = (
        None
    )


class Failure(BaseModel):
    """Why there is no answer."""

    success: Literal[False] = False
    error: ErrorBody
    metadata: Metadata = Field(default_factory=Metadata)
