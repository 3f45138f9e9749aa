"""What the pages say, in both languages."""

from app.users.passwords import SHORTEST

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
