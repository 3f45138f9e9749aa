"""What is refused about signing in and proofs of who one is, in German (see `app.core.german`)."""

SIGNING_IN = {
    "This took too long, or was done already. Sign in again from the start.": "Das hat zu lange "
        "gedauert oder ist schon geschehen. Melde dich noch einmal von vorn an.",
    "This session is over. Sign in again.": "Diese Sitzung ist beendet. Melde dich neu an.",
    "There is no such session.": "Diese Sitzung gibt es nicht.",
    "This code is not right, or was used already.": "Dieser Code stimmt nicht oder wurde schon "
        "benutzt.",
    "There is a second factor already. Sign in with it.": "Es gibt schon einen zweiten Faktor. "
        "Melde dich mit ihm an.",
    "This code is not right. Look at the app again; a code changes every half minute.": "Dieser "
        "Code stimmt nicht. Sieh noch einmal in die App; der Code wechselt jede halbe Minute.",
    "This took too long. Begin anew, with another code to scan.": "Das hat zu lange gedauert. "
        "Beginne neu, mit einem anderen Code zum Scannen.",
    "There is an authenticator app already. Remove it first.": "Es gibt schon eine "
        "Authenticator-App. Entferne sie zuerst.",
    "There is no authenticator app to remove.": "Es gibt keine Authenticator-App zu entfernen.",
    "Your role must have a second factor. Set up another one first.": "Deine Rolle braucht einen "
        "zweiten Faktor. Richte zuerst einen anderen ein.",
    "There are {} passkeys already. Remove one first.": "Es gibt schon {} Passkeys. Entferne "
        "zuerst einen.",
    "This passkey was not accepted. Try again, or use another way.": "Dieser Passkey wurde nicht "
        "angenommen. Versuche es noch einmal oder nimm einen anderen Weg.",
    "This took too long, or was done already. Try again.": "Das hat zu lange gedauert oder ist "
        "schon geschehen. Versuche es noch einmal.",
    "This passkey is known already.": "Diesen Passkey gibt es schon.",
    "The name of this passkey holds characters that cannot be stored.": "Der Name dieses Passkeys "
        "enthält Zeichen, die sich nicht speichern lassen.",
    "There is no such passkey.": "Diesen Passkey gibt es nicht.",
    "Passkeys work where Keiko has a name and is reached by https, or at http://localhost; not at "
    "a bare address.": "Passkeys gehen dort, wo Keiko einen Namen hat und über https erreicht "
        "wird, oder unter http://localhost; nicht unter einer bloßen Adresse.",
    "Show once more that it is you, then this is done.": "Zeige noch einmal, dass du es bist, dann "
        "geschieht es.",
    "This is not your password.": "Das ist nicht dein Passwort.",
    "This is not enough: your password and your second factor are both needed.": "Das reicht "
        "nicht: Dein Passwort und dein zweiter Faktor sind beide nötig.",
    "This password is little more than a name. Please choose another.": "Dieses Passwort ist kaum "
        "mehr als ein Name. Bitte wähle ein anderes.",
}  # fmt: skip
