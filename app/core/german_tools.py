"""What is refused about the use of tools and the questions about it, in German (see `german`)."""

TOOLS = {
    "Give an outcome or a decision, and not both.": "Gib entweder einen Ausgang (outcome) oder "
        "eine Entscheidung (decision) an, nicht beides.",
    "This question wants another answer: a decision, where a tool waits for approval; an outcome, "
    "where nobody knows whether it ran.": "Diese Frage will eine andere Antwort: eine "
        "Entscheidung, wo ein Werkzeug auf Erlaubnis wartet; einen Ausgang, wo niemand weiß, ob es "
        "lief.",
    "A rule asks about this tool each time; it can be approved once only.": "Eine Regel fragt bei "
        "diesem Werkzeug jedes Mal; es lässt sich nur einmal erlauben.",
    "This task has no conversation; approve it once, or always.": "Diese Aufgabe hat keine "
        "Unterhaltung; erlaube es einmal oder immer.",
    "Write a pattern as server/tool, with * for any: git/* or */delete_*.": "Schreibe ein Muster "
        "als Server/Werkzeug, mit * für alles: git/* oder */delete_*.",
    "There are {} rules already; remove some first.": "Es gibt schon {} Regeln; entferne erst "
        "einige.",
    "There is no such rule.": "Diese Regel gibt es nicht.",
}  # fmt: skip
