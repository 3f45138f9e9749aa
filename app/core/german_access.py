"""What is refused because of who somebody is, in German; see `app.core.german`."""

ACCESS = {
    "Your role lets you read, not change anything. An admin can give you another role.": "Mit "
        "deiner Rolle kannst du lesen, aber nichts ändern. Ein Admin kann dir eine andere geben.",
    "Your role does not allow this. Ask an admin.": "Deine Rolle erlaubt das nicht. Frage einen "
        "Admin.",
    "This API key may not do this: it has no scope “{}”.": "Dieser API-Schlüssel darf das nicht: "
        "Ihm fehlt die Berechtigung „{}“.",
    "The name of a key has 1 to {} characters.": "Der Name eines Schlüssels hat 1 bis {} Zeichen.",
    "A key is good for 1 to {} days.": "Ein Schlüssel gilt 1 bis {} Tage.",
    "Choose at least one thing that this key may do.": "Wähle mindestens eines aus, was dieser "
        "Schlüssel darf.",
    "A key of yours cannot have the scope “{}”.": "Ein Schlüssel von dir kann die Berechtigung "
        "„{}“ nicht haben.",
    "You have {} keys already. Revoke one first.": "Du hast schon {} Schlüssel. Widerrufe erst "
        "einen.",
    "There is no such key.": "Diesen Schlüssel gibt es nicht.",
    "This API key is not known, was revoked or has expired. Make a new one in the settings.":
        "Dieser API-Schlüssel ist unbekannt, widerrufen oder abgelaufen. Lege in den Einstellungen "
        "einen neuen an.",
    "This is the last admin who may sign in. Make somebody else an admin first.": "Das ist der "
        "letzte Admin, der sich anmelden darf. Mache erst jemand anderen zum Admin.",
    "Nobody changes their own role. Ask another admin.": "Die eigene Rolle ändert niemand selbst. "
        "Frage einen anderen Admin.",
    "Nobody shuts their own account. Ask another admin.": "Das eigene Konto sperrt niemand selbst. "
        "Frage einen anderen Admin.",
    "This account may not change others.": "Dieses Konto darf andere nicht ändern.",
}  # fmt: skip
