"""What holds for a task of a visitor: the site's model, instructions and tools, as they are now."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.users.site_models import Site


@dataclass(frozen=True)
class SiteTerms:
    """The same for all visitors of a site, until somebody changes it."""

    site_name: str
    model: str | None
    instructions: str
    tools: tuple[str, ...]
    """Patterns `server/tool`; what none of them names is not there."""
    allows_functions: bool = True
    """Whether its pages may offer functions of their own."""


async def find_terms(session: AsyncSession, site_ids: Iterable[UUID]) -> dict[UUID, SiteTerms]:
    """The terms of these sites; those of a revoked one, too, whose tasks go on to their end."""
    wanted = set(site_ids)
    if not wanted:
        return {}
    found = await session.scalars(select(Site).where(Site.id.in_(wanted)))
    return {
        site.id: SiteTerms(
            site.name,
            site.model,
            site.instructions or "",
            tuple(site.tools),
            site.allows_functions,
        )
        for site in found
    }
