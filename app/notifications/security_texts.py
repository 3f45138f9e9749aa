"""What notices about the security of an account say, in the language of whoever they are for.

Such a notice keeps what changed (`passkey.added`) and the name of the thing, not a sentence.
"""

CHANGES: dict[str, tuple[str, str]] = {
    "password.changed": ("Your password was changed", "Dein Passwort wurde geändert"),
    "password.reset": (
        "Whoever runs this Keiko gave you a new password",
        "Wer dieses Keiko betreibt, hat dir ein neues Passwort gegeben",
    ),
    "app.added": (
        "An authenticator app was set up for your account",
        "Für dein Konto wurde eine Authenticator-App eingerichtet",
    ),
    "app.removed": (
        "The authenticator app of your account was removed",
        "Die Authenticator-App deines Kontos wurde entfernt",
    ),
    "passkey.added": ("Your account has a new passkey", "Dein Konto hat einen neuen Passkey"),
    "passkey.removed": (
        "A passkey of your account was removed",
        "Ein Passkey deines Kontos wurde entfernt",
    ),
    "recovery_codes.added": (
        "New recovery codes were made for your account",
        "Für dein Konto wurden neue Wiederherstellungscodes angelegt",
    ),
    "recovery_codes.used": (
        "A recovery code of your account was used",
        "Ein Wiederherstellungscode deines Kontos wurde benutzt",
    ),
    "second_factor.reset": (
        "Whoever runs this Keiko removed your second factor",
        "Wer dieses Keiko betreibt, hat deinen zweiten Faktor entfernt",
    ),
    "identity.linked": (
        "You can sign in with an account at “{name}” from now on",
        "Du kannst dich jetzt mit einem Konto bei „{name}“ anmelden",
    ),
    "identity.unlinked": (
        "You can no longer sign in with an account at “{name}”",
        "Mit einem Konto bei „{name}“ kannst du dich nicht mehr anmelden",
    ),
    "api_key.created": (
        "An API key was made: “{name}”",
        "Ein API-Schlüssel wurde angelegt: „{name}“",
    ),
}
"""What people are told of, and how."""

ADVICE = (
    "If it was not you: end the other sessions under Settings → Security, choose another password, "
    "and tell whoever runs this Keiko.",
    "Wenn du das nicht warst: Beende unter Einstellungen → Sicherheit die anderen Sitzungen, wähle "
    "ein anderes Passwort und sage es dem, der dieses Keiko betreibt.",
)
OPEN = ("Look at what you sign in with", "Ansehen, womit du dich anmeldest")
WHY = (
    "You get this because it is about who can sign in to your account; it is always sent.",
    "Du bekommst das, weil es darum geht, wer sich bei dir anmelden kann; es wird immer gesendet.",
)
PATH = "/work/settings#security"
"""Where one looks after it."""


def change_words(change: str, name: str) -> tuple[str, str]:
    """What changed, in each language."""
    english, german = CHANGES[change]
    return english.format(name=name), german.format(name=name)
