"""Which of our languages a person reads, by what their program says (RFC 9110, 12.5.4)."""

LANGUAGES = ("en", "de")
"""What an answer can be written in; the first is the default."""


def preferred_language(header: str | None) -> str:
    """The language that an `Accept-Language` header wants most, of those we have."""
    wanted: dict[str, float] = {}
    for choice in (header or "").split(","):
        tag, _, weight = choice.partition(";")
        language = tag.strip().lower().partition("-")[0]
        wanted[language] = max(wanted.get(language, 0.0), _quality(weight))
    anything = wanted.get("*", 0.0)
    best = max(LANGUAGES, key=lambda language: wanted.get(language, anything))
    return best if wanted.get(best, anything) > 0 else LANGUAGES[0]


def _quality(weight: str) -> float:
    name, _, value = weight.strip().partition("=")
    if not name:
        return 1.0
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
