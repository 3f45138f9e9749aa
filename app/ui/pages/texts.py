"""What the pages say, in both languages."""

import re

from app.ui.refusal import DATABASE_AWAY
from app.users.invitations import LINK_OVER
from app.users.passwords import LONGEST, SHORTEST, TOO_COMMON, TOO_LONG, TOO_SHORT
from app.users.service import LONGEST_NAME, NAME_CHARACTERS, NAME_LENGTH, NAME_TAKEN
from app.users.sign_in import WRONG

NOT_EQUAL = "The two passwords are not the same."
INCOMPLETE = "Please fill in every field."

TEXTS: dict[str, dict[str, str]] = {
    "en": {
        "sign_in_title": "Sign in",
        "sign_in_lead": "Your conversations are where you left them.",
        "sign_in_action": "Sign in",
        "set_up_title": "Welcome to Keiko",
        "set_up_lead": "Choose the name and password you will sign in with.",
        "set_up_action": "Create my account",
        "link_over_title": "This link no longer works",
        "link_over_lead": "It was used already, or it is older than 24 hours.",
        "link_over_help": "Whoever runs this Keiko can print a new one:",
        "link_over_action": "Go to sign-in",
        "username": "User name",
        "password": "Password",
        "password_again": "Password, once more",
        "password_hint": f"At least {SHORTEST} characters. A short sentence is easy to remember.",
        "show": "Show",
        "hide": "Hide",
        "show_label": "Show the password",
        "hide_label": "Hide the password",
        "busy": "One moment …",
        "offline": "Keiko does not answer. Please try again in a moment.",
    },
    "de": {
        "sign_in_title": "Anmelden",
        "sign_in_lead": "Deine Unterhaltungen sind da, wo du sie verlassen hast.",
        "sign_in_action": "Anmelden",
        "set_up_title": "Willkommen bei Keiko",
        "set_up_lead": "Wähle Namen und Passwort, mit denen du dich anmeldest.",
        "set_up_action": "Konto anlegen",
        "link_over_title": "Dieser Link gilt nicht mehr",
        "link_over_lead": "Er wurde schon benutzt oder ist älter als 24 Stunden.",
        "link_over_help": "Wer dieses Keiko betreibt, kann einen neuen ausgeben:",
        "link_over_action": "Zur Anmeldung",
        "username": "Benutzername",
        "password": "Passwort",
        "password_again": "Passwort wiederholen",
        "password_hint": f"Mindestens {SHORTEST} Zeichen. Gut ist ein kurzer Satz.",
        "show": "Zeigen",
        "hide": "Verbergen",
        "show_label": "Zeigen, was im Passwortfeld steht",
        "hide_label": "Verbergen, was im Passwortfeld steht",
        "busy": "Einen Moment …",
        "offline": "Keiko antwortet nicht. Bitte versuche es gleich noch einmal.",
    },
}

GERMAN = {
    WRONG: "Benutzername oder Passwort ist falsch.",
    NOT_EQUAL: "Die beiden Passwörter sind nicht gleich.",
    INCOMPLETE: "Bitte fülle alle Felder aus.",
    NAME_TAKEN: "Dieser Benutzername ist vergeben. Bitte wähle einen anderen.",
    NAME_LENGTH: f"Ein Benutzername hat 1 bis {LONGEST_NAME} Zeichen.",
    NAME_CHARACTERS: "Ein Benutzername hat keine Umbrüche und keine unsichtbaren Zeichen.",
    TOO_SHORT: f"Ein Passwort hat mindestens {SHORTEST} Zeichen.",
    TOO_LONG: f"Ein Passwort hat höchstens {LONGEST} Zeichen.",
    TOO_COMMON: "Dieses Passwort probiert jeder zuerst. Bitte wähle ein anderes.",
    LINK_OVER: "Dieser Link ist verbraucht. `./keiko users invite` gibt einen neuen aus.",
    DATABASE_AWAY: "Die Datenbank antwortet gerade nicht. Bitte versuche es gleich noch einmal.",
}
"""German for the sentences of the domain."""

_PATIENCE = re.compile(r"Too many tries\. Please wait (\d+) seconds, then try again\.")


def translated(sentence: str, language: str) -> str:
    """A sentence of the domain in this language."""
    if language != "de":
        return sentence
    if wait := _PATIENCE.fullmatch(sentence):
        return (
            f"Zu viele Versuche. Bitte warte {wait[1]} Sekunden und versuche es dann noch einmal."
        )
    return GERMAN.get(sentence, sentence)
