"""What a message brings along, as the card below it shows it."""

from collections.abc import Sequence

from app.chats.attachments import Preview
from app.chats.models import Step
from app.core.clock import derived_id
from app.core.language import LANGUAGES
from app.core.refusals import in_language
from app.ui.shapes import Shape, card_shape


def attached_card(message: Step, attached: Sequence[Preview]) -> Shape:
    """What a message brings along, with the beginning of what was read of it."""
    items = [
        {
            "kind": each.kind.value,
            "server": each.server,
            "name": each.name,
            "uri": each.uri,
            "state": each.state.value,
            "text": each.text,
            "size": each.size,
            "files": each.files,
            "sentence": {language: in_language(each.sentence, language) for language in LANGUAGES},
        }
        for each in attached
    ]
    id = str(derived_id(message.id, "attached"))
    return card_shape(id, message.thread_id, "Attached", str(message.id), {"items": items})
