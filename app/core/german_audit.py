"""What is refused about the record, in German; see `app.core.german`."""

AUDIT = {
    "A head looks like 17:5f3a…, with 64 digits behind the colon.": "Ein Kopf sieht aus wie "
        "17:5f3a…, mit 64 Ziffern hinter dem Doppelpunkt.",
    "The database's owner cannot set up the application's role ({}). Have its superuser run what "
    "`./keiko audit role` prints.": "Der Eigentümer der Datenbank kann die Rolle der Anwendung "
        "nicht einrichten ({}). Lass ihren Superuser ausführen, was `./keiko audit role` ausgibt.",
}  # fmt: skip
