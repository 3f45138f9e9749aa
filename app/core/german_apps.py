"""What is refused to programs that want in, and about memories, in German (see `german`)."""

APPS = {
    "This program is not known here (any more). Have it connect to Keiko anew.": "Dieses Programm "
        "ist hier nicht (mehr) bekannt. Lass es sich neu mit Keiko verbinden.",
    "The document of this program is not one that says who it is; its maker must mend it.": "Das "
        "Dokument dieses Programms sagt nicht, wer es ist; das muss sein Hersteller richten.",
    "The document of this program cannot be read (status {}). Try it later.": "Das Dokument dieses "
        "Programms lässt sich nicht lesen (Status {}). Versuche es später.",
    "The address of a program's document is https, with a path.": "Die Adresse des Dokuments eines "
        "Programms ist https und hat einen Pfad.",
    "This program wants you sent back to an address that it has not named before. Have it connect "
    "to Keiko anew.": "Dieses Programm will dich an eine Adresse zurückschicken, die es vorher "
        "nicht genannt hat. Lass es sich neu mit Keiko verbinden.",
    "This does not come from the page that you were shown. Begin again in the program.":
        "Das kommt nicht von der Seite, die dir gezeigt wurde. Beginne im Programm von vorn.",
    "This request says something twice. Its maker must mend it.":
        "Diese Anfrage sagt etwas doppelt. Das muss ihr Hersteller richten.",
    "This program asks for something that there is not here ({}).": "Dieses Programm bittet um "
        "etwas, das es hier nicht gibt ({}).",
    "There are {} connected programs already; end some first.": "Es sind schon {} Programme "
        "verbunden; beende erst einige.",
    "There is no such connected program.": "Dieses verbundene Programm gibt es nicht.",
    "This Keiko does not know itself by this name; the operator sets KEIKO_PUBLIC_URL.": "Unter "
        "diesem Namen kennt sich dieses Keiko nicht; wer es betreibt, setzt KEIKO_PUBLIC_URL.",
    "This file is larger than {} MB; open it in Keiko.": "Diese Datei ist größer als {} MB; öffne "
        "sie in Keiko.",
    "This file is no text, picture or sound; open it in Keiko.": "Diese Datei ist kein Text, Bild "
        "oder Ton; öffne sie in Keiko.",
    "There is no such memory.": "Diese Erinnerung gibt es nicht.",
    "There are {} memories already; forget some first.": "Es gibt schon {} Erinnerungen; vergiss "
        "erst einige.",
    "Say what is to be remembered.": "Sag, was gemerkt werden soll.",
    "A memory has at most {} characters; split it.": "Eine Erinnerung hat höchstens {} Zeichen; "
        "teile sie auf.",
}  # fmt: skip
