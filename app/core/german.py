"""What is refused, in German: one table for everything that a person may be told.

The key is the English sentence as it stands where it is raised, with `{}` for each value in it;
the values follow in the same order, or where `{1}` puts them. Terminals speak English, so what
only they show is not here.
"""

from app.core.german_access import ACCESS
from app.core.german_apps import APPS
from app.core.german_audit import AUDIT
from app.core.german_keys import KEYS
from app.core.german_oauth import OAUTH
from app.core.german_providers import PROVIDERS
from app.core.german_servers import SERVERS
from app.core.german_sign_in import SIGNING_IN
from app.core.german_sites import SITES
from app.core.german_tools import TOOLS

SAID = ACCESS | APPS | AUDIT | KEYS | OAUTH | PROVIDERS | SERVERS | SIGNING_IN | SITES | TOOLS | {
    # conversations and messages
    "There is no such conversation.": "Diese Unterhaltung gibt es nicht.",
    "There is no such message.": "Diese Nachricht gibt es nicht.",
    "There is no such judgement.": "Diese Bewertung gibt es nicht.",
    "The message is empty.": "Die Nachricht ist leer.",
    "The message is too long: {} of {} characters.": "Die Nachricht ist zu lang: {} von höchstens "
        "{} Zeichen.",
    "The message holds characters that cannot be stored.": "Die Nachricht enthält Zeichen, die "
        "sich nicht speichern lassen.",
    "A name has 1 to {} characters.": "Ein Name hat 1 bis {} Zeichen.",
    "A judgement is 1 (good) or 0 (bad).": "Eine Bewertung ist 1 (gut) oder 0 (schlecht).",
    "Only an answer in a conversation can be judged.": "Bewerten lässt sich nur eine Antwort in "
        "einer Unterhaltung.",
    "This message was written under another account.": "Diese Nachricht wurde unter einem anderen "
        "Konto geschrieben.",
    "There is no message in this.": "Darin ist keine Nachricht.",
    "This is not the id of a conversation.": "Das ist nicht die Kennung einer Unterhaltung.",
    "The message has no usable id.": "Die Nachricht hat keine brauchbare Kennung.",
    "This is not the name of a model.": "Das ist nicht der Name eines Modells.",
    # tasks
    "There is no such task.": "Diese Aufgabe gibt es nicht.",
    "There is no such question.": "Diese Frage gibt es nicht.",
    "This question has been answered already.": "Diese Frage ist schon beantwortet.",
    "The task does not wait for this answer any more.": "Die Aufgabe wartet nicht mehr auf diese "
        "Antwort.",
    "This is about to pause; try again in a moment.": "Das wird gerade angehalten; versuche es "
        "gleich noch einmal.",
    "Only a paused task can be resumed.": "Fortsetzen lässt sich nur eine angehaltene Aufgabe.",
    "This has ended already.": "Das ist schon zu Ende.",
    "Another answer is under way in this conversation; wait for it or stop it.": "In dieser "
        "Unterhaltung entsteht gerade eine andere Antwort; warte auf sie oder stoppe sie.",
    "This has begun already; stop it instead.": "Das hat schon begonnen; stoppe es stattdessen.",
    "This has begun already and waits for nothing any more.": "Das hat schon begonnen und wartet "
        "auf nichts mehr.",
    "There is no such kind of task; there are {}.": "Diese Art von Aufgabe gibt es nicht; es gibt "
        "{}.",
    "A description has at most {} characters.": "Eine Beschreibung hat höchstens {} Zeichen.",
    "A task may take 1 to {} seconds.": "Eine Aufgabe darf 1 bis {} Sekunden dauern.",
    "A task may be tried again 0 to {} times.": "Eine Aufgabe darf 0- bis {}-mal wiederholt "
        "werden.",
    "A task has at most {} tags; these are {}.": "Eine Aufgabe hat höchstens {} Schlagworte; das "
        "sind {}.",
    "A tag has 1 to {} characters.": "Ein Schlagwort hat 1 bis {} Zeichen.",
    "There may be {} {}; these are {}.": "Erlaubt sind {} Einträge in „{}“; das sind {}.",
    "In {}, a name has 1 to {} characters, a value at most {}.": "In „{}“ hat ein Name 1 bis {} "
        "Zeichen, ein Wert höchstens {}.",
    "It holds characters that cannot be stored.": "Darin sind Zeichen, die sich nicht speichern "
        "lassen.",
    "Parameters are nested at most {} levels deep.": "Parameter sind höchstens {} Ebenen tief "
        "verschachtelt.",
    "There is no task {} to wait for.": "Die Aufgabe {}, auf die gewartet werden soll, gibt es "
        "nicht.",
    "The task {} did not succeed.": "Die Aufgabe {} ist nicht gelungen.",
    "There is no such task to descend from.": "Die Aufgabe, von der diese stammen soll, gibt es "
        "nicht.",
    "Tasks may start tasks {} levels deep, no deeper.": "Aufgaben dürfen über {} Ebenen Aufgaben "
        "beginnen, nicht über mehr.",
    "These tasks would wait for each other for ever.": "Diese Aufgaben würden ewig aufeinander "
        "warten.",
    "A {} task cannot become {}.": "Eine Aufgabe im Zustand „{}“ kann nicht „{}“ werden.",
    "Another worker was quicker.": "Das geschieht gerade schon.",
    "This is over before it could begin.": "Das ist vorbei, bevor es beginnen könnte.",
    "This moment is too far away.": "Dieser Zeitpunkt ist zu weit entfernt.",
    "This moment is over; give one that is still to come.": "Dieser Zeitpunkt ist vorbei; nenne "
        "einen, der noch kommt.",
    "Give a moment or a delay, not both.": "Nenne einen Zeitpunkt oder eine Verzögerung, nicht "
        "beides.",
    "There are {} tasks under way already; wait, or cancel some.": "Es sind schon {} Aufgaben "
        "offen; warte oder brich einige ab.",
    "A task with this key was started before and has been removed.": "Eine Aufgabe mit diesem "
        "Schlüssel wurde früher begonnen und ist entfernt.",
    "This key was used for a different task.": "Dieser Schlüssel gehört zu einer anderen Aufgabe.",
    "Only a task that has ended can be run again.": "Noch einmal ausführen lässt sich nur eine "
        "Aufgabe, die zu Ende ist.",
    "This task has no result yet.": "Diese Aufgabe hat noch kein Ergebnis.",
    # schedules
    "There is no such schedule.": "Diesen Zeitplan gibt es nicht.",
    "There are {} schedules; remove some first.": "Es gibt schon {} Zeitpläne; entferne zuerst "
        "einige.",
    "This schedule is over; change its time to use it again.": "Dieser Zeitplan ist zu Ende; "
        "ändere seine Zeit, um ihn wieder zu nutzen.",
    "Its time has passed; change the time to use it again.": "Seine Zeit ist vorbei; ändere sie, "
        "um ihn wieder zu nutzen.",
    "Its last run is still under way; wait for it or stop it.": "Sein letzter Lauf ist noch nicht "
        "zu Ende; warte darauf oder stoppe ihn.",
    "The account may not work at present.": "Das Konto darf zurzeit nicht arbeiten.",
    "This is not understood as a time. Write “every weekday at 8”, “tomorrow at 9”, or a cron rule "
    "like 0 8 * * MON-FRI.": "Das ist als Zeit nicht zu verstehen. Schreib „jeden Werktag um 8“, "
        "„morgen um 9“ oder eine Cron-Regel wie 0 8 * * MON-FRI.",
    "“{}” is no part of a time. Leave it out here; the request has its own field.": "„{}“ gehört "
        "nicht zur Zeit. Lass es hier weg; die Frage hat ein eigenes Feld.",
    "The start lies in the past; choose a later one.": "Der Beginn liegt in der Vergangenheit; "
        "wähle einen späteren.",
    "The end lies in the past; choose a later one.": "Das Ende liegt in der Vergangenheit; wähle "
        "ein späteres.",
    "There is no time zone “{}”; write one like Europe/Berlin or UTC.": "Die Zeitzone „{}“ gibt es "
        "nicht; schreib eine wie Europe/Berlin oder UTC.",
    "Choose a year up to {}.": "Wähle ein Jahr bis {}.",
    "That moment has passed; choose one in the future.": "Dieser Zeitpunkt ist vorbei; wähle einen "
        "in der Zukunft.",
    "It would never run before its end.": "Vor seinem Ende liefe er nie.",
    "Such a day or time never comes; change the rule.": "Ein solcher Tag oder eine solche Zeit "
        "kommt nie; ändere die Regel.",
    "Write the moment as 2026-12-24T18:00.": "Schreib den Zeitpunkt wie 2026-12-24T18:00.",
    "A cron rule has five fields: minute, hour, day of month, month, day of week.": "Eine "
        "Cron-Regel hat fünf Felder: Minute, Stunde, Tag, Monat, Wochentag.",
    "This cron rule cannot be: {}.": "Diese Cron-Regel geht nicht ({}).",
    "This is no RRULE; write one like FREQ=WEEKLY;BYDAY=MO,TH;BYHOUR=8;BYMINUTE=0.": "Das ist "
        "keine RRULE; schreib eine wie FREQ=WEEKLY;BYDAY=MO,TH;BYHOUR=8;BYMINUTE=0.",
    "It may run once a minute at most; leave seconds out.": "Höchstens einmal in der Minute ist "
        "möglich; lass Sekunden weg.",
    "FREQ is YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY or MINUTELY.": "FREQ ist YEARLY, MONTHLY, "
        "WEEKLY, DAILY, HOURLY oder MINUTELY.",
    "Leave COUNT and UNTIL out of the rule; the schedule's own end says it.": "Lass COUNT und "
        "UNTIL weg; dafür hat der Zeitplan ein eigenes Ende.",
    "{} goes with BYDAY, BYHOUR and BYMINUTE only; use DAILY for the rest.": "Zu {} passen nur "
        "BYDAY, BYHOUR und BYMINUTE; nimm sonst DAILY.",
    "INTERVAL is 1 to {}.": "INTERVAL ist 1 bis {}.",
    "This RRULE cannot be; look at its numbers and days.": "Diese RRULE geht nicht; sieh dir ihre "
        "Zahlen und Tage an.",
    "One RRULE is enough.": "Eine RRULE genügt.",
    "A priority is one of {}.": "Eine Dringlichkeit ist eine von diesen: {}.",
    "It may run 1 to {} times.": "Er kann 1- bis {}-mal laufen.",
    "A run may begin within {} to {} seconds.": "Ein Lauf kann innerhalb von {} bis {} Sekunden "
        "beginnen.",
    "It has run {} times already; allow more.": "Er ist schon {}-mal gelaufen; erlaube mehr.",
    "Say what shall be asked.": "Schreib, was gefragt werden soll.",
    "The text has at most {} characters.": "Der Text hat höchstens {} Zeichen.",
    "The text holds characters that cannot be stored.": "Der Text enthält Zeichen, die sich nicht "
        "speichern lassen.",
    "The name holds characters that cannot be stored.": "Der Name enthält Zeichen, die sich nicht "
        "speichern lassen.",
    # notifications, and addresses that are called
    "There is no such notification.": "Diese Mitteilung gibt es nicht.",
    "There is no such delivery.": "Diese Zustellung gibt es nicht.",
    "There is no such browser.": "Diesen Browser gibt es nicht.",
    "There is no address for this yet; save one first.": "Dafür gibt es noch keine Adresse; "
        "speichere zuerst eine.",
    "There is no such time zone.": "Diese Zeitzone gibt es nicht.",
    "Quiet hours have a beginning and an end.": "Ruhezeiten haben einen Beginn und ein Ende.",
    "Quiet hours end at another time than they begin.": "Ruhezeiten enden zu einer anderen Zeit, "
        "als sie beginnen.",
    "This is not an e-mail address.": "Das ist keine E-Mail-Adresse.",
    "No SMTP server is set; the operator sets KEIKO_SMTP_URL and KEIKO_SMTP_FROM.": "Es ist kein "
        "Mailserver eingestellt; das geht mit KEIKO_SMTP_URL und KEIKO_SMTP_FROM.",
    "The SMTP server says {} {}": "Der Mailserver sagt {} {}",
    "The SMTP server does not answer.": "Der Mailserver antwortet nicht.",
    "The SMTP server offers no STARTTLS; nothing was sent. The operator sets KEIKO_SMTP_URL to "
    "smtps://, or to smtp+plain:// in a network to be trusted.": "Der Mailserver bietet kein "
        "STARTTLS an; nichts wurde gesendet. KEIKO_SMTP_URL muss mit smtps:// beginnen, oder mit "
        "smtp+plain:// in einem Netz, dem zu trauen ist.",
    "The certificate of the SMTP server is not to be trusted, or is for another name; nothing was "
    "sent. The operator looks at KEIKO_SMTP_URL and the certificate.": "Dem Zertifikat des "
        "Mailservers ist nicht zu trauen, oder es gilt für einen anderen Namen; nichts wurde "
        "gesendet. Zu prüfen sind KEIKO_SMTP_URL und das Zertifikat.",
    "Pushes go to at most {} browsers; remove one first.": "Mitteilungen gehen an höchstens {} "
        "Browser; entferne zuerst einen.",
    "This is not a key of a browser.": "Das ist kein Schlüssel eines Browsers.",
    "This is not a secret of a browser.": "Das ist kein Geheimnis eines Browsers.",
    "{} test messages within an hour are enough. Try again later.": "{} Testnachrichten in einer "
        "Stunde genügen. Versuche es später noch einmal.",
    "There is no such webhook.": "Diesen Webhook gibt es nicht.",
    "There are {} webhooks already. Remove one first.": "Es gibt schon {} Webhooks. Entferne "
        "zuerst einen.",
    "This webhook is not active. Resume it first.": "Dieser Webhook ist nicht aktiv. Setze ihn "
        "zuerst fort.",
    "Name 1 to {} types of events.": "Nenne 1 bis {} Arten von Ereignissen.",
    "Name a type of event as task.completed, all of a kind as task.*, or all as *.": "Nenne eine "
        "Art von Ereignissen wie task.completed, alle einer Sorte wie task.* oder alle mit *.",
    "{} is an address inside this network or machine, which may not be called. Name a public "
    "address, or have the operator add it to KEIKO_OUTBOUND_PRIVATE.": "{} ist eine Adresse in "
        "diesem Netz oder Rechner, die nicht aufgerufen werden darf. Nenne eine öffentliche "
        "Adresse oder lass sie in KEIKO_OUTBOUND_PRIVATE aufnehmen.",
    "Name an address that begins with https:// or http:// and has a host name.": "Nenne eine "
        "Adresse, die mit https:// oder http:// beginnt und einen Rechner nennt.",
    "Leave the user name and password out of the address.": "Lass Benutzername und Passwort aus "
        "der Adresse weg.",
    "An address has at most {} characters, and no spaces or backslashes.": "Eine Adresse hat "
        "höchstens {} Zeichen und weder Leerzeichen noch umgekehrte Schrägstriche.",
    "This is not an address; check brackets and port.": "Das ist keine Adresse; prüfe Klammern und "
        "Port.",
    "Write the IP address in its usual form, as 203.0.113.7, or use a host name.": "Schreib die "
        "IP-Adresse in der üblichen Form wie 203.0.113.7, oder nimm einen Namen.",
    "No answer within {} seconds. Try again later.": "Keine Antwort innerhalb von {} Sekunden. "
        "Versuche es später noch einmal.",
    "The address cannot be reached ({}).": "Die Adresse ist nicht zu erreichen ({}).",
    "its name is unknown": "ihr Name ist unbekannt",
    "its certificate is not valid": "ihr Zertifikat gilt nicht",
    "nobody listens there": "dort hört niemand zu",
    "the connection broke": "die Verbindung brach ab",
    # accounts
    "There is no such account.": "Dieses Konto gibt es nicht.",
    "There is no such user.": "Diesen Benutzer gibt es nicht.",
    "This account may not sign in.": "Dieses Konto darf sich nicht anmelden.",
    "User name or password is wrong.": "Benutzername oder Passwort ist falsch.",
    "The two passwords are not the same.": "Die beiden Passwörter sind nicht gleich.",
    "Please fill in every field.": "Bitte fülle alle Felder aus.",
    "This user name is taken. Please choose another.": "Dieser Benutzername ist vergeben. Bitte "
        "wähle einen anderen.",
    "A user name has 1 to {} characters.": "Ein Benutzername hat 1 bis {} Zeichen.",
    "A user name has no line breaks or other invisible characters.": "Ein Benutzername hat keine "
        "Umbrüche und keine unsichtbaren Zeichen.",
    "A password has at least {} characters.": "Ein Passwort hat mindestens {} Zeichen.",
    "A password has at most {} characters.": "Ein Passwort hat höchstens {} Zeichen.",
    "This password is among the first that anybody would try. Please choose another.": "Dieses "
        "Passwort probiert jeder zuerst. Bitte wähle ein anderes.",
    "This link was used or is too old. `./keiko users invite` prints a new one.": "Dieser Link ist "
        "verbraucht. `./keiko users invite` gibt einen neuen aus.",
    "There is an owner already. `./keiko users invite` prints a link for another user.": "Es gibt "
        "schon einen Besitzer. `./keiko users invite` gibt einen Link für andere aus.",
    "Too many tries. Please wait {} seconds, then try again.": "Zu viele Versuche. Bitte warte {} "
        "Sekunden und versuche es dann noch einmal.",
    "Too many tries. Please wait 1 second, then try again.": "Zu viele Versuche. Bitte warte 1 "
        "Sekunde und versuche es dann noch einmal.",
    "Nobody is signed in.": "Niemand ist angemeldet.",
    "Nobody is signed in. Sign in with POST /auth/login first.": "Niemand ist angemeldet. Zuerst "
        "kommt POST /auth/login.",
    "This session is over.": "Diese Sitzung ist zu Ende.",
    # requests
    "The last day lies before the first.": "Der letzte Tag liegt vor dem ersten.",
    "Ask for {} days at most.": "Frage nach höchstens {} Tagen.",
    "This is not a cursor of a page before.": "Das ist kein Lesezeichen einer Seite davor.",
    "The body is not valid JSON.": "Die Anfrage enthält kein gültiges JSON.",
    "There is nothing at {}.": "Unter {} gibt es nichts.",
    "There is nothing at this address.": "Unter dieser Adresse gibt es nichts.",
    "There is no file {}.": "Die Datei {} gibt es nicht.",
    "{} is not possible here, only {}.": "{} geht hier nicht, nur {}.",
    "This request comes from a foreign page.": "Diese Anfrage kommt von einer fremden Seite.",
    "The address of the request is too long.": "Die Adresse der Anfrage ist zu lang.",
    "The headers of the request are too long.": "Die Kopfzeilen der Anfrage sind zu lang.",
    "The request is larger than {}.": "Die Anfrage ist größer als {}.",
    "Too many requests in a short time. Try again in {} seconds.": "Zu viele Anfragen in kurzer "
        "Zeit. Versuche es in {} Sekunden noch einmal.",
    "Too many requests in a short time. Try again in 1 second.": "Zu viele Anfragen in kurzer "
        "Zeit. Versuche es in 1 Sekunde noch einmal.",
    "Too many event streams are open at once; close one of them.": "Es sind zu viele "
        "Ereignisströme zugleich offen; schließe einen davon.",
    "Too many messages at once; this one follows by itself.": "Zu viele Nachrichten auf einmal; "
        "diese folgt von selbst.",
    "This is not what the page sends here.": "Das ist nicht, was die Seite hierher schickt.",
    "The database does not answer at the moment. Try again in a few seconds.": "Die Datenbank "
        "antwortet gerade nicht. Bitte versuche es gleich noch einmal.",
    "The database or Redis does not answer at the moment. Try again in a few seconds.": "Die "
        "Datenbank oder Redis antwortet gerade nicht. Bitte versuche es gleich noch einmal.",
    "Something went wrong on our side. Reference: {}.": "Bei uns ist etwas schiefgegangen. "
        "Vermerk: {}.",
}  # fmt: skip

CHECKED = {
    "{}: Field required.": "{}: Das fehlt.",
    "{}: Extra inputs are not permitted.": "{}: Das gehört hier nicht hin.",
    "{}: String should have at most {} character{}.": "{}: Höchstens {} Zeichen.",
    "{}: String should have at least {} character{}.": "{}: Mindestens {} Zeichen.",
    "{}: List should have at most {} items after validation, not {}.": "{}: Höchstens {} Einträge, "
        "nicht {}.",
    "{}: Input should be greater than or equal to {}.": "{}: Mindestens {}.",
    "{}: Input should be less than or equal to {}.": "{}: Höchstens {}.",
    "{}: Input should be a valid {}.": "{}: Das hat nicht die richtige Form ({}).",
    "{}: Input should be {}.": "{}: Möglich ist {}.",
    "{}: Input should have timezone info.": "{}: Es fehlt der Abstand zu UTC.",
    "{}: Value error, It holds characters that cannot be stored.": "{}: Darin sind Zeichen, die "
        "sich nicht speichern lassen.",
}  # fmt: skip
"""The same for what is said of a field that has not the right form."""
