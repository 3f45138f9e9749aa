"""What is refused about signing in to servers, in German (see `german`)."""

OAUTH = {
    "It wants you to sign in. Press “Sign in” on the page Tools.": "Er will, dass du dich "
        "anmeldest. Drücke „Anmelden“ auf der Seite Werkzeuge.",
    "The sign-in does not give the rights that this tool needs.": "Die Anmeldung gibt nicht die "
        "Rechte, die dieses Werkzeug braucht.",
    "It names an address that may not be called: {}": "Er nennt eine Adresse, die nicht aufgerufen "
        "werden darf: {}",
    "It names an address for signing in that does not begin with https://, so that others could "
    "listen. Ask whoever runs it.": "Er nennt zum Anmelden eine Adresse, die nicht mit https:// "
        "beginnt; andere könnten mitlesen. Frage, wer ihn betreibt.",
    "It has its sign-in at {} now, and not at {} any more. If that is right, enter client id and "
    "secret anew.": "Er lässt jetzt bei {} anmelden und nicht mehr bei {}. Wenn das stimmt, gib "
        "Client-ID und Geheimnis neu ein.",
    "It does not say where to sign in. Ask whoever runs it.": "Er sagt nicht, wo man sich "
        "anmeldet. Frage, wer ihn betreibt.",
    "It has its sign-in at {}, which does not say how it is done. Ask whoever runs it.": "Er lässt "
        "bei {} anmelden, und dort steht nicht, wie. Frage, wer ihn betreibt.",
    "It names another server as the one to sign in to. Do not trust it; ask whoever runs it.":
        "Er nennt einen anderen Server als den, bei dem man sich anmeldet. Traue ihm nicht; frage, "
        "wer ihn betreibt.",
    "It cannot say where to sign in just now (HTTP {}). Try later.": "Er kann gerade nicht sagen, "
        "wo man sich anmeldet (HTTP {}). Versuche es später.",
    "{} cannot say how to sign in just now (HTTP {}). Try later.": "{} kann gerade nicht sagen, "
        "wie man sich anmeldet (HTTP {}). Versuche es später.",
    "{} says of itself that it is another. Do not trust it; ask whoever runs it.": "{} gibt sich "
        "als ein anderer aus. Traue ihm nicht; frage, wer ihn betreibt.",
    "{} does not protect sign-ins against theft (PKCE with S256), which is required. Ask whoever "
    "runs it.": "{} schützt Anmeldungen nicht gegen Diebstahl (PKCE mit S256); das muss sein. "
        "Frage, wer ihn betreibt.",
    "{} names a page for signing in that may not be the one it looks like. Do not trust it; ask "
    "whoever runs it.": "{} nennt eine Seite zum Anmelden, die eine andere sein kann, als sie "
        "scheint. Traue ihr nicht; frage, wer ihn betreibt.",
    "{} does not say where to sign in. Ask whoever runs it.": "{} sagt nicht, wo man sich "
        "anmeldet. Frage, wer ihn betreibt.",
    "{} does not know Keiko. Register Keiko there by hand with the redirect address {}, and enter "
    "client id and secret here.": "{} kennt Keiko nicht. Trage Keiko dort von Hand ein, mit der "
        "Rücksprungadresse {}, und gib Client-Id und Geheimnis hier ein.",
    "{} did not let Keiko register itself (HTTP {}). Register Keiko there by hand with the "
    "redirect address {}, and enter client id and secret here.": "{} ließ Keiko sich nicht "
        "eintragen (HTTP {}). Trage Keiko dort von Hand ein, mit der Rücksprungadresse {}, und gib "
        "Client-Id und Geheimnis hier ein.",
    "{} gave no token (HTTP {}). Try again later.": "{} gab keinen Schlüssel heraus (HTTP {}). "
        "Versuche es später.",
    "{} did not accept the sign-in. Begin it again.": "{} nahm die Anmeldung nicht an. Beginne sie "
        "neu.",
    "It does not accept Keiko, which signs in by itself. Ask an admin.": "Er nimmt Keiko nicht an, "
        "das sich selbst anmeldet. Frage, wer Keiko verwaltet.",
    "It has no client id to sign in with. Enter one, and its secret.": "Zum Anmelden fehlt eine "
        "Client-Id. Gib sie und ihr Geheimnis ein.",
    "{} did not accept Keiko's client id and secret. Enter them anew.": "{} nahm Keikos Client-Id "
        "und Geheimnis nicht an. Gib sie neu ein.",
    "A sign-in is being prepared already. Wait for its end.": "Es wird schon eine Anmeldung "
        "vorbereitet. Warte, bis das fertig ist.",
    "This server is a program on Keiko's machine; there is no sign-in to it.": "Dieser Server ist "
        "ein Programm auf Keikos Rechner; anmelden kann man sich dort nicht.",
    "Keiko itself signs in to this server; you need not.": "Bei diesem Server meldet sich Keiko "
        "selbst an; du musst es nicht.",
    "This server is called with a header Authorization. Remove it first.": "Dieser Server wird mit "
        "einer Kopfzeile Authorization aufgerufen. Entferne sie zuerst.",
    "This sign-in is over, or it was begun by somebody else. Begin it again.": "Diese Anmeldung "
        "ist vorbei, oder jemand anders hat sie begonnen. Beginne sie neu.",
    "Somebody else than the server's own sign-in has sent you back. Nothing was kept.": "Jemand "
        "anders als die Anmeldung des Servers hat dich zurückgeschickt. Nichts wurde behalten.",
    "It was not allowed there, so you are not signed in.": "Dort wurde es nicht erlaubt, also bist "
        "du nicht angemeldet.",
    "The sign-in ended with an error there. Begin it again.": "Die Anmeldung endete dort mit einem "
        "Fehler. Beginne sie neu.",
    "You are not signed in to this server.": "Bei diesem Server bist du nicht angemeldet.",
    "It has plain letters only.": "Darin stehen nur einfache Zeichen.",
    "Only an address has a sign-in.": "Anmelden kann man sich nur bei einer Adresse.",
    "A client secret belongs to a client id.": "Zu einem Client-Geheimnis gehört eine Client-Id.",
    "Keiko signs in by itself only with a client id and a client secret.": "Keiko meldet sich nur "
        "mit Client-Id und Client-Geheimnis selbst an.",
}  # fmt: skip
