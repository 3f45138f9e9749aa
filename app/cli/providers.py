"""What `keiko doctor` says of the providers at which people may sign in."""

import asyncio

from app.core.errors import AppError, Unavailable
from app.core.settings import Settings
from app.users.providers.metadata import read_description
from app.users.providers.openid import Talk
from app.users.providers.presets import Provider, list_providers
from app.users.providers.wire import open_wire


def look_at(settings: Settings) -> list[tuple[str, str, str]]:
    """Each provider by name, what is wrong with it (or nothing), and what to do."""
    return asyncio.run(_look(settings))


async def _look(settings: Settings) -> list[tuple[str, str, str]]:
    return [(each.name, *await _ask(settings, each)) for each in list_providers(settings)]


async def _ask(settings: Settings, provider: Provider) -> tuple[str, str]:
    given = provider.settings
    try:
        provider.secret()
    except Unavailable:
        return "its client_secret_file cannot be read", "Let Keiko's account read it."
    if not provider.is_github:
        try:
            async with open_wire(settings, provider) as wire:
                said = await Talk(provider, "", wire).get(provider.discovery)
            wrong = read_description(settings, provider, said)[1]
        except AppError:
            return (
                f"{provider.discovery} gives no description",
                "Is its address right, is it up, and is `private` set if it is in your network?",
            )
        if wrong:
            return wrong, "Write its settings as it describes itself, letter by letter."
    if not (given.anyone or given.allowed_domains or given.allowed_groups):
        return "", "Nobody comes in without an invitation: set allowed_domains, allowed_groups or "\
            "anyone to change that."  # fmt: skip
    return "", ""
