"""The buttons of the providers at which people may sign in."""

from html import escape
from urllib.parse import urlencode

from app.core.settings import Settings
from app.ui.pages.texts import TEXTS
from app.users.providers.presets import list_providers

PATH = "/auth/with"
"""Below it, each provider has its way out and its way back."""


def ways(settings: Settings, language: str, *, next: str = "/", invitation: str = "") -> str:
    """The providers' buttons as HTML; nothing where there are none."""
    providers = list_providers(settings)
    if not providers:
        return ""
    wanted = {"next": next, "invitation": invitation}
    query = urlencode({name: value for name, value in wanted.items() if value not in ("", "/")})
    texts = TEXTS[language]
    links = [
        f'<a class="way" href="{PATH}/{each.name}{escape("?" + query if query else "")}">'
        f"{escape(texts['with_provider'].format(label=each.label))}</a>"
        for each in providers
    ]
    return "\n".join(links)
