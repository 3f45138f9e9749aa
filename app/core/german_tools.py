"""What is refused about the use of tools and the questions about it, in German (see `german`)."""

TOOLS = {
    "It holds characters or numbers that cannot be stored.": "Darin sind Zeichen oder Zahlen, die "
        "sich nicht speichern lassen.",
    "Give an outcome, a decision or an action, and only one.": "Gib einen Ausgang (outcome), eine "
        "Entscheidung (decision) oder eine Handlung (action) an, und nur eines davon.",
    "This question wants another answer: a decision, where something waits to be allowed; an "
    "action, where a server asks you something; an outcome, where nobody knows whether a tool "
    "ran.": "Diese Frage will eine andere Antwort: eine Entscheidung, wo etwas auf Erlaubnis "
        "wartet; eine Handlung (action), wo ein Server dich etwas fragt; einen Ausgang, wo niemand "
        "weiß, ob ein Werkzeug lief.",
    "Sign in to the server, or refuse; nothing else helps.": "Melde dich bei dem Server an oder "
        "lehne ab; anderes hilft nicht.",
    "Only a command is told of folders.": "Nur ein Befehl erfährt von Ordnern.",
    "A server is told of at most {} folders.": "Ein Server erfährt von höchstens {} Ordnern.",
    "Name a folder by its whole path, like /srv/documents, without a “/” at its end.": "Nenne "
        "einen Ordner mit seinem ganzen Pfad, zum Beispiel /srv/documents, ohne „/“ am Ende.",
    "A server may not be told of {}. Ask your operator to add it to KEIKO_MCP_ROOTS.": "Von {} "
        "darf ein Server nichts erfahren. Bitte den Betreiber, es in KEIKO_MCP_ROOTS aufzunehmen.",
    "The form has no field “{}”.": "Das Formular hat kein Feld „{}“.",
    "“{}” is needed.": "„{}“ wird gebraucht.",
    "“{}” takes text of at most {} characters.": "„{}“ nimmt Text von höchstens {} Zeichen.",
    "“{}” takes at least {} characters.": "„{}“ braucht mindestens {} Zeichen.",
    "“{}” takes at most {} characters.": "„{}“ nimmt höchstens {} Zeichen.",
    "“{}” takes an e-mail address, like ada@example.org.": "„{}“ nimmt eine E-Mail-Adresse, zum "
        "Beispiel ada@example.org.",
    "“{}” takes an address, like https://example.org.": "„{}“ nimmt eine Adresse, zum Beispiel "
        "https://example.org.",
    "“{}” takes a date, like 2026-11-24.": "„{}“ nimmt ein Datum, zum Beispiel 2026-11-24.",
    "“{}” takes a date and a time, like 2026-11-24T09:30:00Z.": "„{}“ nimmt Datum und Uhrzeit, zum "
        "Beispiel 2026-11-24T09:30:00Z.",
    "“{}” does not have the form that the server asks for.": "„{}“ hat nicht die Form, die der "
        "Server will.",
    "“{}” takes a number.": "„{}“ nimmt eine Zahl.",
    "“{}” takes a whole number.": "„{}“ nimmt eine ganze Zahl.",
    "“{}” is at least {}.": "„{}“ ist mindestens {}.",
    "“{}” is at most {}.": "„{}“ ist höchstens {}.",
    "“{}” is yes or no: true or false.": "„{}“ ist ja oder nein: true oder false.",
    "“{}” takes one of the choices that are offered.": "„{}“ nimmt eine der angebotenen "
        "Möglichkeiten.",
    "“{}” takes some of the choices that are offered.": "„{}“ nimmt von den angebotenen "
        "Möglichkeiten.",
    "“{}” takes at least {} of the choices.": "„{}“ braucht mindestens {} der Möglichkeiten.",
    "“{}” takes at most {} of the choices.": "„{}“ nimmt höchstens {} der Möglichkeiten.",
    "A rule asks about this tool each time; it can be approved once only.": "Eine Regel fragt bei "
        "diesem Werkzeug jedes Mal; es lässt sich nur einmal erlauben.",
    "This task has no conversation; approve it once, or always.": "Diese Aufgabe hat keine "
        "Unterhaltung; erlaube es einmal oder immer.",
    "Write a pattern as server/tool, with * for any: git/* or */delete_*.": "Schreibe ein Muster "
        "als Server/Werkzeug, mit * für alles: git/* oder */delete_*.",
    "There are {} rules already; remove some first.": "Es gibt schon {} Regeln; entferne erst "
        "einige.",
    "There is no such group.": "Diese Gruppe gibt es nicht.",
    "Only an admin may change groups.": "Gruppen ändern darf nur ein Admin.",
    "There are {} groups already. Remove one first.": "Es gibt schon {} Gruppen. Entferne erst "
        "eine.",
    "There is a group named “{}” already.": "Eine Gruppe „{}“ gibt es schon.",
    "There is no user named “{}”.": "Ein Konto „{}“ gibt es nicht.",
    "The name of a group has 1 to {} characters.": "Der Name einer Gruppe hat 1 bis {} Zeichen.",
    "There is no such file.": "Diese Datei gibt es nicht.",
    "The content of this file is not there any more.": "Der Inhalt dieser Datei ist nicht mehr "
        "da.",
    "There is no such rule.": "Diese Regel gibt es nicht.",
}  # fmt: skip
