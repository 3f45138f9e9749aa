"""What is refused about servers of tools and their secrets, in German (see `german`)."""

SERVERS = {
    "{} does not hold a key: 32 bytes in base64, as `openssl rand -base64 32` prints them. What "
    "was sealed before opens with the key of then only.": "{} enthält keinen Schlüssel: 32 Bytes "
        "in Base64, wie `openssl rand -base64 32` sie ausgibt. Was früher versiegelt wurde, öffnet "
        "nur der Schlüssel von damals.",
    "This was sealed with a key that is not here. Put it back into KEIKO_SECRET_KEY or the file {} "
    "of the data folder, or enter the secret values anew.": "Das wurde mit einem Schlüssel "
        "versiegelt, der fehlt. Setze ihn wieder in KEIKO_SECRET_KEY oder in die Datei {} des "
        "Datenordners, oder gib die geheimen Werte neu ein.",
    "The key file {} cannot be read or made ({}). Let Keiko's account write there, or set "
    "KEIKO_SECRET_KEY.": "Die Schlüsseldatei {} lässt sich nicht lesen oder anlegen ({}). Lass "
        "Keikos Konto dort schreiben, oder setze KEIKO_SECRET_KEY.",
    "A sealed value was damaged or moved. Enter the secret values anew.": "Ein versiegelter Wert "
        "ist beschädigt oder verschoben. Gib die geheimen Werte neu ein.",
    "A name has 3 to 50 letters, digits, “_” or “-”.": "Ein Name hat 3 bis 50 Buchstaben, Ziffern, "
        "„_“ oder „-“.",
    "A call may take 1 to {} seconds.": "Ein Aufruf darf 1 bis {} Sekunden dauern.",
    "Name either a command to start or an address to call.": "Nenne entweder einen Befehl zum "
        "Starten oder eine Adresse zum Aufrufen.",
    "An address is called over HTTP; leave the transport out.": "Eine Adresse wird über HTTP "
        "aufgerufen; lass die Übertragung weg.",
    "Only a command has arguments and an environment.": "Nur ein Befehl hat Argumente und eine "
        "Umgebung.",
    "Use an address that begins with https://, for what is said must not be readable on the way.":
        "Nimm eine Adresse, die mit https:// beginnt: Unterwegs darf niemand mitlesen.",
    "A command is spoken to over stdio.": "Mit einem Befehl wird über stdio gesprochen.",
    "Only an address has headers.": "Nur eine Adresse hat Kopfzeilen.",
    "A command has at most {} arguments.": "Ein Befehl hat höchstens {} Argumente.",
    "No command may be started here so far. The operator names those that may in "
    "KEIKO_MCP_COMMANDS.": "Hier darf noch kein Befehl gestartet werden. Erlaubte nennt der "
        "Betreiber in KEIKO_MCP_COMMANDS.",
    "This command may not be started here. The operator names those that may in "
    "KEIKO_MCP_COMMANDS, so far: {}.": "Dieser Befehl darf hier nicht gestartet werden. Erlaubte "
        "nennt der Betreiber in KEIKO_MCP_COMMANDS, bisher: {}.",
    "There may be at most {} of them.": "Davon darf es höchstens {} geben.",
    "Two of the names are the same.": "Zwei der Namen sind gleich.",
    "At most {} characters.": "Höchstens {} Zeichen.",
    "The header {} is set by Keiko itself.": "Die Kopfzeile {} setzt Keiko selbst.",
    "A header's value has plain letters only.": "Der Wert einer Kopfzeile hat nur einfache "
        "Buchstaben.",
    "{} may not be set: it could change which program is started.": "{} darf nicht gesetzt "
        "werden: Damit ließe sich ein anderes Programm starten.",
    "“{}” is no valid name here.": "„{}“ ist hier kein gültiger Name.",
    "There is no such server.": "Diesen Server gibt es nicht.",
    "Only an admin may change what serves everybody. Ask one.": "Was allen dient, ändert nur, wer "
        "Keiko verwaltet. Frage dort nach.",
    "There are {} servers already. Remove one first.": "Es gibt schon {} Server. Entferne zuerst "
        "einen.",
    "“{}” is the name of one of Keiko's own servers.": "So („{}“) heißt einer von Keikos eigenen "
        "Servern.",
    "There is a server named “{}” already.": "Einen Server namens „{}“ gibt es schon.",
    "This is being done already. Wait for its end.": "Das läuft schon. Warte, bis es fertig ist.",
    "No worker has answered within {} seconds. Look whether one runs, or try again.": "Kein "
        "Worker hat in {} Sekunden geantwortet. Sieh nach, ob einer läuft, oder versuche es noch "
        "einmal.",
    "The worker failed at this; its log says why.": "Der Worker ist daran gescheitert; in seinem "
        "Protokoll steht, warum.",
    "A server is being tried already. Wait for its end.": "Es wird schon ein Server ausprobiert. "
        "Warte, bis das fertig ist.",
    "The file is not valid JSON.": "Die Datei ist kein gültiges JSON.",
    "There is no “mcpServers” in it, which names the servers.": "Darin fehlt „mcpServers“, das die "
        "Server nennt.",
    "A file may name at most {} servers.": "Eine Datei darf höchstens {} Server nennen.",
    "What the file says of it does not fit at “{}”: {}.": "Was die Datei von ihm sagt, passt bei "
        "„{}“ nicht: {}.",
    # prompts and resources
    "What “{}” needs was not filled in.": "Was „{}“ braucht, wurde nicht ausgefüllt.",
    "There is no room left for files, so this was left out: {}.": "Für Dateien ist kein Platz "
        "mehr; weggelassen: {}.",
    "An argument has at most {} characters.": "Ein Argument hat höchstens {} Zeichen.",
    "A message may have {} attachments.": "Eine Nachricht darf {} Anhänge haben.",
    "This is not the address of a resource.": "Das ist nicht die Adresse einer Ressource.",
    "“{}” is no address of a resource.": "„{}“ ist keine Adresse einer Ressource.",
    "The server “{}” does not stay up.": "Der Server „{}“ bleibt nicht oben.",
    "“{}” did not answer within {} seconds.": "„{}“ hat in {} Sekunden nicht geantwortet.",
    "“{}” answered something unreadable.": "„{}“ hat etwas Unlesbares geantwortet.",
    "“{}” sent more than can be taken for “{}”.": "„{}“ hat für „{}“ mehr geschickt, als sich "
        "annehmen lässt.",
    "“{}” does not give “{}”: {}": "„{}“ gibt „{}“ nicht heraus: {}",
    "The server “{}” is not there any more.": "Den Server „{}“ gibt es nicht mehr.",
    "Only the first {} of {} characters are given on.": "Weitergegeben werden nur die ersten "
        "{} von {} Zeichen.",
    # what a worker finds
    "Name the program that is to be started.": "Nenne das Programm, das gestartet werden soll.",
    "The tool server “{}” does not answer.{}": "Der Server „{}“ antwortet nicht.{}",
    "“{}” cannot be used. {}": "„{}“ ist nicht zu gebrauchen. {}",
    "“{}” did not answer within {} seconds. Check that it runs.": "„{}“ hat in {} Sekunden nicht "
        "geantwortet. Sieh nach, ob er läuft.",
    "It is a program that is started here.": "Es ist ein Programm, das hier gestartet wird.",
    "{} is what it was registered with.": "{}: So wurde er eingetragen.",
    "{} is what worked before.": "{}: Das ging beim letzten Mal.",
    "{} was tried first and works.": "{}: zuerst probiert, und es geht.",
    "Chosen because {} was refused: {}": "Gewählt, weil {} abgelehnt wurde: {}",
    "It wants a sign-in (HTTP 401); check the headers that it is called with.": "Er will eine "
        "Anmeldung (HTTP 401); prüfe die Kopfzeilen.",
    "It refuses us (HTTP 403); check the headers that it is called with.": "Er weist uns ab (HTTP "
        "403); prüfe die Kopfzeilen.",
    "There is no MCP server at this address (HTTP 404); check its path.": "Unter dieser Adresse "
        "ist kein MCP-Server (HTTP 404); prüfe den Pfad.",
    "It is called too often (HTTP 429); try again later.": "Er wird zu oft gerufen (HTTP 429); "
        "versuche es später.",
    "Nobody answers at its address.": "Unter seiner Adresse antwortet niemand.",
    "Its certificate is not valid.": "Sein Zertifikat ist nicht gültig.",
    "Nobody listens at its address; check host and port, and that it runs.": "Unter seiner Adresse "
        "hört niemand zu; prüfe Name und Port, und ob er läuft.",
    "It fell silent in the middle of an answer.": "Er verstummte mitten in einer Antwort.",
    "The connection broke.": "Die Verbindung ist abgebrochen.",
    "It does not answer.": "Er antwortet nicht.",
    "It ended before it could be used.": "Er endete, bevor er zu gebrauchen war.",
}  # fmt: skip
