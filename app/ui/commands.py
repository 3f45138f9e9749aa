"""The commands that the field for messages offers behind a slash, in the reader's language."""

from app.chats.commands import Command
from app.ui.shapes import Shape

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


def commands_in(language: str) -> list[Shape]:
    """The commands as Chainlit's page wants them."""
    return [
        {
            "id": command.value,
            "icon": icon,
            "description": german if language == "de" else english,
            "button": False,
            "persistent": False,
            "selected": False,
        }
        for command, (icon, english, german) in _OFFERED.items()
    ]
