"""What is said of a site, and what is shown of it."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.api.deps import Body, Storable
from app.sites import checks

Name = Annotated[Storable, Field(min_length=1, max_length=checks.LONGEST_NAME * 2)]
Origins = Annotated[
    list[Annotated[Storable, Field(max_length=300)]],
    Field(
        min_length=1,
        max_length=checks.MOST_ORIGINS,
        description="Pages that may show the frame, as https://www.example.com.",
    ),
]
Model = Annotated[
    Storable | None, Field(max_length=checks.LONGEST_MODEL, description="From `GET /models`.")
]
Instructions = Annotated[
    Storable | None,
    Field(
        max_length=checks.LONGEST_INSTRUCTIONS,
        description="What the assistant is told there.",
    ),
]
Tools = Annotated[
    list[Annotated[Storable, Field(max_length=checks.LONGEST_PATTERN)]],
    Field(
        max_length=checks.MOST_TOOLS,
        description="Patterns `server/tool`: what may be used there, and nothing else.",
    ),
]
Messages = Annotated[int, Field(ge=1, le=checks.MOST_MESSAGES)]
Text = Annotated[Storable | None, Field(max_length=checks.LONGEST_TEXT)]
Color = Annotated[str, Field(max_length=7)]


class Texts(Body):
    """What the frame says, in one language; what is left out is said as usual."""

    title: Text = None
    greeting: Text = None
    placeholder: Text = None
    disclaimer: Text = None


class AllTexts(Body):
    """What the frame says, by language."""

    en: Texts = Texts()
    de: Texts = Texts()


Colors = Annotated[
    dict[str, Color],
    Field(
        max_length=checks.MOST_COLORS,
        description="As `accent` and, for the dark, `accent_dark`: `#1a7f5a`.",
    ),
]


class NewSite(Body):
    """A site that may show Keiko in a frame."""

    name: Name
    origins: Origins
    allows_anonymous: bool = False
    model: Model = None
    instructions: Instructions = None
    tools: Tools = []
    allows_functions: bool = True
    messages_per_visitor_day: Messages = 100
    messages_per_day: Messages = 2_000
    texts: AllTexts = AllTexts()
    colors: Colors = {}


class SiteChange(Body):
    """What is to be different; what is left out stays."""

    name: Name = ""
    origins: Origins = []
    allows_anonymous: bool = False
    model: Model = None
    instructions: Instructions = None
    tools: Tools = []
    allows_functions: bool = True
    messages_per_visitor_day: Messages = 100
    messages_per_day: Messages = 2_000
    texts: AllTexts = AllTexts()
    colors: Colors = {}


class SiteView(BaseModel):
    """A site. Its key stands in its pages; its secret is shown only when it is made."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    key: str
    origins: list[str]
    allows_anonymous: bool
    model: str | None
    instructions: str | None
    tools: list[str]
    allows_functions: bool
    messages_per_visitor_day: int
    messages_per_day: int
    texts: dict[str, dict[str, str]]
    colors: dict[str, str]
    created_at: datetime
    updated_at: datetime
    revoked_at: datetime | None


class SiteMade(BaseModel):
    """A site with its secret, which is shown this once: for the site's own server alone."""

    site: SiteView
    secret: str


def given(body: NewSite | SiteChange) -> dict[str, Any]:
    """What a body says, by the names of the site's fields."""
    said = body.model_dump(exclude_unset=isinstance(body, SiteChange))
    if "texts" in said:
        texts = body.texts.model_dump(exclude_none=True)
        said["texts"] = {language: each for language, each in texts.items() if each}
    return said
