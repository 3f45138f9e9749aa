"""The short line that says which model answered when the chosen one did not."""

import re

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from app.orchestrator.sink import LANGUAGE

_NOTES = {
    "en": "*`{silent}` does not answer; this answer is from `{speaking}`.*\n\n",
    "de": "*`{silent}` antwortet nicht; diese Antwort ist von `{speaking}`.*\n\n",
}
_NOTE = re.compile(
    r"\*`[^`\n]+` (?:does not answer; this answer is from|antwortet nicht; diese Antwort ist von)"
    r" `[^`\n]+`\.\*\n\n"
)


def replacement_note(silent: str, speaking: str) -> str:
    """The line that says which model answered."""
    return _NOTES.get(LANGUAGE.get(), _NOTES["en"]).format(silent=silent, speaking=speaking)


def without_notes(messages: list[BaseMessage]) -> list[BaseMessage]:
    """The same history without our notes: a model would learn to write them."""
    return [
        m.model_copy(update={"content": _NOTE.sub("", m.content)})
        if isinstance(m, AIMessage) and isinstance(m.content, str) and _NOTE.search(m.content)
        else m
        for m in messages
    ]


def was_noted(messages: list[BaseMessage], note: str) -> bool:
    """Whether this turn, what was said since the person last spoke, holds the note already."""
    last = max((i for i, m in enumerate(messages) if isinstance(m, HumanMessage)), default=-1)
    return any(note.strip() in message.text for message in messages[last + 1 :])
