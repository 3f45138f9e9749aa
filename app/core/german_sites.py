"""What is said of sites and their visitors, in German; see `app.core.german`."""

SITES = {
    "Visitors of a site may not do this.": "Besucher einer Website dürfen das nicht.",
    "This site is not known here, or it was revoked.": "Diese Website ist hier nicht bekannt, oder "
        "sie wurde widerrufen.",
    "A visitor's request names its site in the header X-Keiko-Site.": "Die Anfrage eines Besuchers "
        "nennt ihre Website in der Kopfzeile X-Keiko-Site.",
    "This session belongs to another site.": "Diese Sitzung gehört zu einer anderen Website.",
    "This secret is not known, or its site was revoked.": "Dieses Geheimnis ist unbekannt, oder "
        "seine Website wurde widerrufen.",
    "This site does not allow pages of {}.": "Diese Website lässt Seiten von {} nicht zu.",
    "This ticket was used, is too old, or is not for this site.": "Dieses Ticket ist verbraucht, "
        "zu alt oder nicht für diese Website.",
    "This ticket is not for pages of {}.": "Dieses Ticket ist nicht für Seiten von {}.",
    "This link was used or is too old. Open the full page again.": "Dieser Link ist verbraucht "
        "oder zu alt. Öffne die ganze Seite noch einmal.",
    "Only the full page itself takes this code.": "Diesen Code nimmt nur die "
        "ganze Seite selbst an.",
    "Only a visitor of a site can go on in the full page.": "Auf der ganzen Seite weitermachen "
        "kann nur ein Besucher einer Website.",
    "This site wants to know who its visitors are.": "Diese Website will wissen, wer ihre Besucher "
        "sind.",
    "Too many new visitors came from this address. Try again later.": "Von dieser Adresse kamen zu "
        "viele neue Besucher. Versuche es später noch einmal.",
    "This site has had many new visitors today. Try again tomorrow.": "Diese Website hatte heute "
        "schon viele neue Besucher. Versuche es morgen noch einmal.",
    "This site asks for too many tickets. Try again in a minute.": "Diese Website verlangt zu "
        "viele Tickets. Versuche es in einer Minute noch einmal.",
    "New visitors cannot be let in at the moment. Try again soon.": "Neue Besucher können gerade "
        "nicht eingelassen werden. Versuche es gleich noch einmal.",
    "You have sent as many messages today as this site allows. Go on tomorrow.": "Du hast heute so "
        "viele Nachrichten geschickt, wie diese Website erlaubt. Morgen geht es weiter.",
    "This site has answered as many messages today as it may. Go on tomorrow.": "Diese Website hat "
        "heute so viele Nachrichten beantwortet, wie sie darf. Morgen geht es weiter.",
    "This approval can only be given on the full page.": "Diese Freigabe lässt sich nur auf der "
        "ganzen Seite geben.",
    "Visitors of a site cannot attach anything of a server.": "Besucher einer Website können "
        "nichts von einem Server anhängen.",
    "Only the frame of a site tells of its page.": "Nur der Rahmen einer Website erzählt von ihrer "
        "Seite.",
    "A function of the page gives back at most 32 KB.": "Eine Funktion der Seite gibt höchstens "
        "32 KB zurück.",
    "A page offers at most {} functions.": "Eine Seite bietet höchstens {} Funktionen an.",
    "Two functions of the page have one name.": "Zwei Funktionen der Seite heißen gleich.",
    "The functions of the page take more than 16 KB together.": "Die Funktionen der Seite brauchen "
        "zusammen mehr als 16 KB.",
    "The name of a function has small letters, digits and “_”, at most 64.": "Der Name einer "
        "Funktion hat Kleinbuchstaben, Ziffern und „_“, höchstens 64.",
    "The description of a function has 1 to {} characters.": "Die Beschreibung einer Funktion hat "
        "1 bis {} Zeichen.",
    "The parameters of “{}” are no JSON Schema that Keiko takes: see “Functions” in "
        "docs/embed.md.": "Die Parameter von „{}“ sind kein JSON-Schema, das Keiko annimmt: siehe "
        "„Functions“ in docs/embed.md.",
    "There is no such call.": "Diesen Aufruf gibt es nicht.",
    "This call is carried out already, or nobody waits for it any more.": "Dieser Aufruf wird "
        "schon ausgeführt, oder niemand wartet mehr darauf.",
    "This call has its answer already, or was never claimed.": "Dieser Aufruf hat schon seine "
        "Antwort oder wurde nie übernommen.",
    "There is no such site.": "Diese Website gibt es nicht.",
    "This site was revoked.": "Diese Website wurde widerrufen.",
    "There are {} sites already. Revoke one first.": "Es gibt schon {} Websites. Widerrufe erst "
        "eine.",
    "There is a site named “{}” already.": "Es gibt schon eine Website mit dem Namen „{}“.",
    "The name of a site has 1 to {} characters.": "Der Name einer Website hat 1 bis {} Zeichen.",
    "“{}” is not an origin: it reads like https://www.example.com, without a path.": "„{}“ ist "
        "keine Herkunft: Sie lautet wie https://www.example.com, ohne Pfad.",
    "“{}” has to begin with https://; only a site on this machine may do without.": "„{}“ muss "
        "mit https:// beginnen; nur eine Website auf diesem Rechner darf ohne.",
    "A site has 1 to {} origins.": "Eine Website hat 1 bis {} Herkünfte.",
    "Instructions have at most {} characters.": "Anweisungen haben höchstens {} Zeichen.",
    "“{}” does not name tools: it reads like server/tool or server/*.": "„{}“ benennt keine "
        "Werkzeuge: Es lautet wie server/werkzeug oder server/*.",
    "A site names at most {} tools.": "Eine Website nennt höchstens {} Werkzeuge.",
    "The texts of a site are not of this form.": "Die Texte einer Website haben nicht diese Form.",
    "A text has at most {} characters.": "Ein Text hat höchstens {} Zeichen.",
    "A site has at most {} colours.": "Eine Website hat höchstens {} Farben.",
    "A colour reads like #1a7f5a.": "Eine Farbe lautet wie #1a7f5a.",
    "A limit is 1 to {} messages.": "Eine Grenze ist 1 bis {} Nachrichten.",
}  # fmt: skip
