"""/sites: which sites show Keiko in a frame, and what their visitors may do there."""

from uuid import UUID

from fastapi import APIRouter

from app.api.deps import CallerNow, may
from app.api.errors import documented
from app.api.site_bodies import NewSite, SiteChange, SiteMade, SiteView, given
from app.core.envelope import Success
from app.sites import service
from app.users.permissions import Permission

router = APIRouter(
    prefix="/sites",
    tags=["sites"],
    responses=documented(403),
    dependencies=[may(Permission.SITES_READ, to_write=Permission.SITES_WRITE)],
)

ONE = "/{site_id}"


@router.get("", operation_id="list_sites")
async def list_sites(caller: CallerNow) -> Success[list[SiteView]]:
    """All sites, those in use first, by name. For admins."""
    async with caller.transaction() as session:
        found = await service.list_sites(session)
    return Success(data=[SiteView.model_validate(site) for site in found])


@router.post("", operation_id="create_site", status_code=201, responses=documented(409))
async def create_site(new: NewSite, caller: CallerNow) -> Success[SiteMade]:
    """Let a site show Keiko in a frame. The secret is shown this once. For admins."""
    async with caller.transaction() as session:
        secret, site = await service.create_site(session, caller.user_id, given(new))
    return Success(data=SiteMade(site=SiteView.model_validate(site), secret=secret))


@router.get(ONE, operation_id="get_site", responses=documented(404))
async def get_site(site_id: UUID, caller: CallerNow) -> Success[SiteView]:
    """One site. For admins."""
    async with caller.transaction() as session:
        return Success(data=SiteView.model_validate(await service.get_site(session, site_id)))


@router.patch(ONE, operation_id="change_site", responses=documented(404, 409))
async def change_site(site_id: UUID, change: SiteChange, caller: CallerNow) -> Success[SiteView]:
    """Change a site. Frames in pages of an origin that it has no more end at once. For admins."""
    async with caller.transaction() as session:
        site = await service.change_site(
            session, caller.resources, caller.user_id, site_id, given(change)
        )
    return Success(data=SiteView.model_validate(site))


@router.delete(ONE, operation_id="revoke_site", responses=documented(404, 409))
async def revoke_site(site_id: UUID, caller: CallerNow) -> Success[SiteView]:
    """Have a site open nothing any more, for good; open frames end at once. For admins."""
    async with caller.transaction() as session:
        site = await service.revoke_site(session, caller.resources, caller.user_id, site_id)
    return Success(data=SiteView.model_validate(site))


@router.post(f"{ONE}/secret", operation_id="renew_site_secret", responses=documented(404, 409))
async def renew_secret(site_id: UUID, caller: CallerNow) -> Success[SiteMade]:
    """Give a site another secret, shown this once; the old one is void at once. For admins."""
    async with caller.transaction() as session:
        secret, site = await service.renew_secret(session, caller.user_id, site_id)
    return Success(data=SiteMade(site=SiteView.model_validate(site), secret=secret))
