"""What is refused for want of a key, in German (see `german`)."""

KEYS = {
    "Keiko has no key yet for what is written. It waits for its database; try again in a moment.":
        "Keiko hat noch keinen Schlüssel für das Geschriebene. Es wartet auf seine Datenbank; "
        "versuche es gleich noch einmal.",
    "The key file {} is gone, and this database is sealed with it. Put it back: nothing that was "
    "written can be read without it.": "Die Schlüsseldatei {} ist weg, und diese Datenbank ist "
        "damit versiegelt. Lege sie zurück: Ohne sie lässt sich nichts lesen, was geschrieben "
        "wurde.",
    "The key in {} is not the one that this database is sealed with. Put that one back: nothing "
    "that was written can be read without it.": "Der Schlüssel in {} ist nicht der, mit dem diese "
        "Datenbank versiegelt ist. Setze jenen wieder ein: Ohne ihn lässt sich nichts lesen, was "
        "geschrieben wurde.",
    "The key file was exchanged for one that this database is not sealed with. Put the right one "
    "back; until then nothing new is written.": "Die Schlüsseldatei wurde gegen eine getauscht, "
        "mit der diese Datenbank nicht versiegelt ist. Lege die richtige zurück; bis dahin wird "
        "nichts Neues geschrieben.",
    "KEIKO_SECRET_KEY names one key. Put a new one in front of it, with a comma, restart all "
    "processes, and do this again.": "KEIKO_SECRET_KEY nennt einen Schlüssel. Stelle einen neuen "
        "davor, mit Komma, starte alle Prozesse neu und rufe das noch einmal auf.",
}  # fmt: skip
