"""What is refused to people who sign in at a provider, in German (see `german`)."""

PROVIDERS = {
    "There is no such way to sign in here.": "Diese Art, sich anzumelden, gibt es hier nicht.",
    "{} does not answer at the moment. Sign in another way, or try again later.": "{} antwortet "
        "gerade nicht. Melde dich anders an oder versuche es später noch einmal.",
    "What {} says of itself is not what Keiko expects of it. Whoever runs this Keiko runs "
    "./keiko doctor to see why.": "Was {} über sich sagt, passt nicht zu dem, was Keiko erwartet. "
        "Wer dieses Keiko betreibt, sieht mit ./keiko doctor, warum.",
    "Keiko cannot read its own secret for {}. Whoever runs this Keiko looks at "
    "client_secret_file in KEIKO_SIGN_IN_PROVIDERS.": "Keiko kann sein eigenes Geheimnis für {} "
        "nicht lesen. Wer dieses Keiko betreibt, prüft client_secret_file in "
        "KEIKO_SIGN_IN_PROVIDERS.",
    "This sign-in is over, or it was begun in another browser. Begin it again.": "Diese Anmeldung "
        "ist vorbei, oder sie wurde in einem anderen Browser begonnen. Beginne von vorn.",
    "Signing in elsewhere is not possible at the moment. Try again in a few seconds.": "Anderswo "
        "anmelden geht gerade nicht. Versuche es in ein paar Sekunden noch einmal.",
    "{} sent something that Keiko does not trust, so you are not signed in. Try again; if it stays "
    "like that, tell whoever runs this Keiko.": "{} hat etwas geschickt, dem Keiko nicht traut; du "
        "bist deshalb nicht angemeldet. Versuche es noch einmal; wenn es so bleibt, sag es dem, "
        "der dieses Keiko betreibt.",
    "It was not allowed at {}, so you are not signed in.": "Es wurde bei {} nicht erlaubt, du bist "
        "also nicht angemeldet.",
    "Your organisation at {} may not come in here. Ask whoever runs this Keiko.": "Deine "
        "Organisation bei {} darf hier nicht herein. Frage, wer dieses Keiko betreibt.",
    "{} cannot sign you in at the moment. Try again later.": "{} kann dich gerade nicht anmelden. "
        "Versuche es später noch einmal.",
    "{} does not accept Keiko itself. Whoever runs this Keiko looks at client_id and its secret in "
    "KEIKO_SIGN_IN_PROVIDERS.": "{} nimmt Keiko selbst nicht an. Wer dieses Keiko betreibt, prüft "
        "client_id und das Geheimnis in KEIKO_SIGN_IN_PROVIDERS.",
    "The sign-in ended with an error at {}. Begin it again.": "Die Anmeldung endete bei {} mit "
        "einem Fehler. Beginne von vorn.",
    "Your account at {} may not come in here. Ask whoever runs this Keiko for an invitation.":
        "Dein Konto bei {} darf hier nicht herein. Bitte den, der dieses Keiko betreibt, um eine "
        "Einladung.",
    "This account at {} belongs to somebody else here already.": "Dieses Konto bei {} gehört hier "
        "schon jemand anderem.",
    "There is no such linked account.": "Dieses verknüpfte Konto gibt es nicht.",
    "This is your only way to sign in. Add another passkey or link another account first.":
        "Anders kannst du dich nicht anmelden. Füge zuerst noch einen Passkey hinzu oder verknüpfe "
        "ein weiteres Konto.",
    "There is no account here yet. The first one is made with a link.": "Hier gibt es noch kein "
        "Konto. Das erste wird mit einem Link angelegt.",
    "No free user name was found for this account. Ask whoever runs this Keiko.": "Für dieses "
        "Konto fand sich kein freier Benutzername. Frage, wer dieses Keiko betreibt.",
    "Sign in at {} again, so that Keiko may act for you there.": "Melde dich bei {} neu an, damit "
        "Keiko dort für dich handeln darf.",
    "There are {} linked accounts already; unlink some first.": "Es sind schon {} Konten "
        "verknüpft; löse erst einige.",
    "Name the provider at which its users have accounts.": "Nenne den Anbieter, bei dem seine "
        "Benutzer Konten haben.",
    "Only an address can work with people's accounts.": "Nur eine Adresse kann mit den Konten von "
        "Menschen arbeiten.",
    "It works with its users' accounts; leave out client id, secret and the header Authorization.":
        "Er arbeitet mit den Konten seiner Benutzer; lass Client-Id, Geheimnis und die Kopfzeile "
        "Authorization weg.",
    "A server that works with people's accounts needs an address that begins with https://, for "
    "whoever reads its token on the way could use it.": "Ein Server, der mit den Konten von "
        "Menschen arbeitet, braucht eine Adresse, die mit https:// beginnt, denn wer unterwegs das "
        "Token liest, könnte es benutzen.",
    "A server of your own may not work with your account at {}. Ask an admin to register it for "
    "everybody, or your operator to name its host in tool_hosts.": "Ein Server von dir allein darf "
        "nicht mit deinem Konto bei {} arbeiten. Bitte einen Admin, ihn für alle einzutragen, oder "
        "den Betreiber, seinen Rechner in tool_hosts zu nennen.",
    "There is no sign-in provider of that name here. The operator names those that there are in "
    "KEIKO_SIGN_IN_PROVIDERS.": "Einen Anmelde-Anbieter dieses Namens gibt es hier nicht. Der "
        "Betreiber nennt die, die es gibt, in KEIKO_SIGN_IN_PROVIDERS.",
    "It wants to be called at another address than its own.": "Er will unter einer anderen Adresse "
        "als seiner eigenen aufgerufen werden.",
    "This server does not work with people's accounts elsewhere.": "Dieser Server arbeitet nicht "
        "mit den Konten, die Menschen anderswo haben.",
    "This logout token is not one that Keiko believes.": "Diesem Abmelde-Token glaubt Keiko nicht.",
    "Keiko cannot take this just now. Send it again.": "Keiko kann das gerade nicht annehmen. "
        "Schicke es noch einmal.",
}  # fmt: skip
