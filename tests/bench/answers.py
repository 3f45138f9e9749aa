"""What one client saw of one answer, and the verdict whether the text was whole."""

from enum import StrEnum

import msgspec


class Verdict(StrEnum):
    """How an answer ended, as its reader sees it."""

    WHOLE = "whole"
    HEALED = "healed"  # a piece was missing on the way; the closing message brought it
    LOST = "lost"  # the text at the end is not the upstream's
    FAILED = "failed"  # an error, a refusal, a closed connection or no end in time


class Answer(msgspec.Struct, kw_only=True):
    """One answer; all times are seconds since the message was sent."""

    verdict: Verdict
    words: int = 0
    accepted: float | None = None
    first: float | None = None
    total: float | None = None
    gap: float = 0.0
    updates: int = 0
    late: float = 0.0
    """How much later than planned the message was sent: the load generator's own fault."""
    reason: str | None = None


class Reading:
    """Follows one answer as it grows: when its text changed, and what it was at the end."""

    def __init__(self, sent_at: float, late: float = 0.0) -> None:
        self.sent_at = sent_at
        self.late = late
        self.streamed = ""
        self.final: str | None = None
        self.updates = 0
        self._accepted_at: float | None = None
        self._first_at: float | None = None
        self._last_at = sent_at
        self._gap = 0.0

    @property
    def has_begun(self) -> bool:
        """Whether any text was seen."""
        return self._first_at is not None

    def accept(self, now: float) -> None:
        """The server says that the message is safe."""
        self._accepted_at = now

    def start(self, text: str, now: float) -> None:
        """The page was told that the streamed text is `text` from here on."""
        if text:
            self.streamed = text
            self._note(now)

    def add(self, text: str, now: float) -> None:
        """One more piece of streamed text."""
        if text:
            self.streamed += text
            self._note(now)

    def close(self, text: str, now: float) -> None:
        """The closing message with the whole text; it may bring the last words itself."""
        if text and text != self.streamed:
            self._note(now)
        self.final = text

    def _note(self, now: float) -> None:
        self.updates += 1
        if self._first_at is None:
            self._first_at = now
        else:
            self._gap = max(self._gap, now - self._last_at)
        self._last_at = now

    def end(self, now: float, expected: str) -> Answer:
        """The finished answer, judged against the upstream's own text."""
        final = self.streamed if self.final is None else self.final
        return Answer(
            verdict=_judge(self.streamed, final, expected),
            words=len(final.split()),
            accepted=self._since_sent(self._accepted_at),
            first=self._since_sent(self._first_at),
            total=now - self.sent_at,
            gap=self._gap,
            updates=self.updates,
            late=self.late,
        )

    def _since_sent(self, moment: float | None) -> float | None:
        return None if moment is None else moment - self.sent_at

    def fail(self, reason: str) -> Answer:
        """The answer as a failure; what had arrived is still counted."""
        text = self.final or self.streamed
        return Answer(
            verdict=Verdict.FAILED, words=len(text.split()), late=self.late, reason=reason
        )


def _judge(streamed: str, final: str, expected: str) -> Verdict:
    if final != expected:
        return Verdict.LOST
    if not final.startswith(streamed):
        return Verdict.HEALED
    return Verdict.WHOLE
