"""What a frame tells of its host page together with a message: the page's words, not the user's."""

from typing import Annotated

from pydantic import Field

from app.api.deps import Body, Id, Storable
from app.core.db import JSON
from app.core.errors import Invalid
from app.mcp.page import MOST_FUNCTIONS, Function, check_functions
from app.mcp.storable import storable
from app.users.signed_in import SignedIn


class PageContext(Body):
    """What the host page shows; a model is told it as data."""

    title: Annotated[Storable | None, Field(max_length=300)] = None
    url: Annotated[Storable | None, Field(max_length=2000)] = None
    selection: Annotated[Storable | None, Field(max_length=4000)] = None


class PageFunction(Body):
    """A function that the host page offers; `parameters` is a small JSON Schema of an object."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    description: Annotated[Storable, Field(min_length=1, max_length=500)]
    parameters: JSON
    read_only: Annotated[bool, Field(description="Then nobody is asked before it is called.")] = (
        False
    )


class HostPage(Body):
    """The page beside which a message is written, and the tab (`client`) that shows it."""

    client: Id
    context: PageContext | None = None
    functions: Annotated[list[PageFunction], Field(max_length=MOST_FUNCTIONS)] = []


def read_page(page: HostPage | None, signed_in: SignedIn) -> JSON | None:
    """What a task keeps of the page. Raises Invalid for whom no page is known."""
    if page is None:
        return None
    if signed_in.site is None:
        raise Invalid("Only the frame of a site tells of its page.", field="page")
    check_functions([Function(**each.model_dump()) for each in page.functions])
    told: JSON = {"client": str(page.client)}
    if page.context is not None:
        told["context"] = page.context.model_dump(exclude_none=True)
    if page.functions:
        told["functions"] = storable([each.model_dump() for each in page.functions])
    return told
