"""GET /models: what a message may be sent to."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from app.agents.catalogue import Provider, list_models
from app.api.deps import CallerNow, may
from app.core.envelope import Success
from app.users.permissions import Permission

router = APIRouter(tags=["models"], dependencies=[may(Permission.AGENTS_READ)])


class ModelView(BaseModel):
    """A model that can be chosen."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    provider: Provider
    is_default: bool


@router.get("/models", operation_id="list_models")
async def list_own_models(caller: CallerNow) -> Success[list[ModelView]]:
    """The models that a message may name, the default first."""
    found = await list_models(caller.resources.settings, caller.resources.redis)
    return Success(data=[ModelView.model_validate(model) for model in found])
