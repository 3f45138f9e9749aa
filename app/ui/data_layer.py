"""All that Chainlit may ask the database through: who somebody is. It writes nothing.

Threads, steps and feedback go other ways (the views, and the routes of `threads.py`), which know
whose they are. Chainlit's are closed: what it does not find, it cannot show to the wrong person.
"""

from chainlit.data.base import BaseDataLayer
from chainlit.element import Element, ElementDict
from chainlit.step import StepDict
from chainlit.types import (
    Feedback,
    PageInfo,
    PaginatedResponse,
    Pagination,
    ThreadDict,
    ThreadFilter,
)
from chainlit.user import PersistedUser, User


class ReadOnly(BaseDataLayer):
    """Chainlit's data layer, which has to exist for history and thumbs to be shown."""

    async def get_user(self, identifier: str) -> PersistedUser:
        """The user whom the gate has found for this very request: nothing is looked up again."""
        return PersistedUser(id=identifier, identifier=identifier, createdAt="")

    async def create_user(self, user: User) -> PersistedUser:
        """Accounts are made elsewhere."""
        return await self.get_user(user.identifier)

    async def get_thread_author(self, thread_id: str) -> str:
        """Nobody: Chainlit then says "not found"."""
        return ""

    async def get_thread(self, thread_id: str) -> ThreadDict | None:
        """None: whether a page may see its thread is decided when it is shown."""

    async def list_threads(
        self, pagination: Pagination, filters: ThreadFilter
    ) -> PaginatedResponse[ThreadDict]:
        """No threads."""
        return PaginatedResponse(PageInfo(False, None, None), [])

    async def update_thread(
        self,
        thread_id: str,
        name: str | None = None,
        user_id: str | None = None,
        metadata: dict[str, object] | None = None,
        tags: list[str] | None = None,
    ) -> None:
        """Nothing is changed."""

    async def delete_thread(self, thread_id: str) -> None:
        """Nothing is removed."""

    async def upsert_feedback(self, feedback: Feedback) -> str:
        """Nothing is judged."""
        return ""

    async def delete_feedback(self, feedback_id: str) -> bool:
        """Nothing is taken back."""
        return False

    async def create_element(self, element: Element) -> None:
        """Nothing is stored."""

    async def get_element(self, thread_id: str, element_id: str) -> ElementDict | None:
        """No element."""

    async def delete_element(self, element_id: str, thread_id: str | None = None) -> None:
        """Nothing is removed."""

    async def create_step(self, step_dict: StepDict) -> None:
        """Nothing is stored."""

    async def update_step(self, step_dict: StepDict) -> None:
        """Nothing is changed."""

    async def delete_step(self, step_id: str) -> None:
        """Nothing is removed."""

    async def get_favorite_steps(self, user_id: str) -> list[StepDict]:
        """No favourites."""
        return []

    async def build_debug_url(self) -> str:
        """No such page."""
        return ""

    async def close(self) -> None:
        """Nothing is open."""
