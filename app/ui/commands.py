"""The commands that the field for messages offers behind a slash, in the reader's language."""

from collections.abc import Sequence

from app.chats.commands import Command
from app.mcp.offering import Prompt
from app.ui.shapes import Shape

LONGEST_DESCRIPTION = 160
"""Characters of a server's words that stand in the menu."""

_OFFERED = {
    Command.TASK: (
        "list-checks",
        "Have it done in the background: /task compare three laptops",
        "Im Hintergrund erledigen lassen: /task Vergleiche drei Laptops",
    ),
    Command.REMIND: (
        "bell",
        "Be reminded: /remind in 10 minutes to take the tea off",
        "Erinnern lassen: /remind in 10 Minuten den Tee abgießen",
    ),
    Command.SCHEDULE: (
        "calendar-clock",
        "Have it done again and again: /schedule every weekday at 8 the time in Tokyo",
        "Regelmäßig erledigen lassen: /schedule jeden Werktag um 8 die Uhrzeit in Tokio",
    ),
}


def commands_in(language: str, prompts: Sequence[Prompt] = ()) -> list[Shape]:
    """The commands as Chainlit's page wants them: Keiko's own, then the prompts of servers."""
    own = [
        _shape(command.value, icon, german if language == "de" else english)
        for command, (icon, english, german) in _OFFERED.items()
    ]
    return own + [_shape(each.command, "scroll-text", _told(each, language)) for each in prompts]


def _shape(id: str, icon: str, description: str) -> Shape:
    return {
        "id": id,
        "icon": icon,
        "description": description,
        "button": False,
        "persistent": False,
        "selected": False,
    }


def _told(prompt: Prompt, language: str) -> str:
    """What a prompt is for, what it needs and whose it is: a server's words, on one line."""
    text = " ".join((prompt.description or prompt.title or prompt.name).split())
    said = f"{text[:LONGEST_DESCRIPTION]}…" if len(text) > LONGEST_DESCRIPTION else text
    needs = ", ".join(prompt.required)
    wants = f" · {'braucht' if language == 'de' else 'needs'} {needs}" if needs else ""
    return f"{said}{wants} · {prompt.server}"
