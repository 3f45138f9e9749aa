"""The offline model's sentences, English and German side by side."""

DAYS = (
    ("Monday", "Montag"),
    ("Tuesday", "Dienstag"),
    ("Wednesday", "Mittwoch"),
    ("Thursday", "Donnerstag"),
    ("Friday", "Freitag"),
    ("Saturday", "Samstag"),
    ("Sunday", "Sonntag"),
)

MONTHS = (
    ("January", "Januar"),
    ("February", "Februar"),
    ("March", "März"),
    ("April", "April"),
    ("May", "Mai"),
    ("June", "Juni"),
    ("July", "Juli"),
    ("August", "August"),
    ("September", "September"),
    ("October", "Oktober"),
    ("November", "November"),
    ("December", "Dezember"),
)

_EXAMPLES_EN = "- *What time is it in Tokyo and what is 12 × 7 + 3?*\n- *What is 15% of 80?*"
_EXAMPLES_DE = (
    "- *Wie spät ist es in Berlin und was ist 17 % von 230?*\n- *Was ist Wurzel aus 2 mal 10?*"
)

_LONG_EN = """\
## What a chat can show

I am the offline model, and this text is always the same: it is here so that you can watch an \
answer **stream**, stop it, copy it, and see how it looks in the dark.

| Part | What it shows | Try it |
|---|---|---|
| Table | rows and columns | widen the window |
| Code | colours and a copy button | copy it |
| Formula | LaTeX | zoom in |

A little program that counts to three:

```python
for number in range(1, 4):
    print(f"{{number}} squared is {{number ** 2}}")
```

And the formula that every pupil meets sooner or later:

$$x_{{1,2}} = \\frac{{-b \\pm \\sqrt{{b^2 - 4ac}}}}{{2a}}$$

While I write, you may close this tab. The answer goes on without you: the worker that runs it \
does not know whether anybody watches. Come back, and you find the whole of it, once, in its \
place. That is what Keiko promises, and a small model keeps the promise as well as a large one.

1. Reload the page in the middle.
2. Open a second tab.
3. Press **Stop**, and what was written stays."""

_LONG_DE = """\
## Was ein Chat zeigen kann

Ich bin das Offline-Modell, und dieser Text ist immer derselbe: Er ist da, damit man einer Antwort \
beim **Entstehen** zusehen, sie anhalten, kopieren und im Dunkeln betrachten kann.

| Teil | Was er zeigt | Zum Ausprobieren |
|---|---|---|
| Tabelle | Zeilen und Spalten | Fenster breiter ziehen |
| Code | Farben und Kopierknopf | kopieren |
| Formel | LaTeX | vergrößern |

Ein kleines Programm, das bis drei zählt:

```python
for zahl in range(1, 4):
    print(f"{{zahl}} zum Quadrat ist {{zahl ** 2}}")
```

Und die Formel, der früher oder später jedes Kind begegnet:

$$x_{{1,2}} = \\frac{{-b \\pm \\sqrt{{b^2 - 4ac}}}}{{2a}}$$

Während ich schreibe, darf dieser Tab geschlossen werden. Die Antwort läuft weiter: Der Prozess, \
der sie schreibt, weiß nicht, ob jemand zusieht. Wer zurückkommt, findet sie ganz, einmal und an \
ihrem Platz. Das verspricht Keiko, und ein kleines Modell hält das Versprechen wie ein großes.

1. Die Seite mittendrin neu laden.
2. Einen zweiten Tab öffnen.
3. Auf **Stopp** drücken: Was geschrieben war, bleibt stehen."""

SENTENCES = {
    "time": (
        "In {place} it is **{time}** on {weekday}, {day} {month} {year} ({offset}).",
        "In {place} ist es **{time} Uhr** am {weekday}, dem {day}. {month} {year} ({offset}).",
    ),
    "time_utc": (
        "It is **{time}** in UTC on {weekday}, {day} {month} {year}. Name a city for its own time.",
        "In UTC ist es **{time} Uhr** am {weekday}, dem {day}. {month} {year}. Für die Ortszeit "
        "bitte eine Stadt nennen.",
    ),
    "sum": ("{asked} is **{value}**.", "{asked} ergibt **{value}**."),
    "sum_about": ("{asked} is about **{value}**.", "{asked} ergibt etwa **{value}**."),
    "exactly": ("exactly", "genau"),
    "percent_of": ("% of", "% von"),
    "failed": (
        "The tool `{tool}` did not manage it: {said}.",
        "Das Werkzeug `{tool}` hat es nicht geschafft: {said}.",
    ),
    "tool_said": ("`{tool}` answered: {said}", "`{tool}` hat geantwortet: {said}"),
    "tool_said_lines": (
        "`{tool}` answered:\n\n```text\n{said}\n```",
        "`{tool}` hat geantwortet:\n\n```text\n{said}\n```",
    ),
    "no_such_tool": (
        "There is no tool `{tool}` here. Present are: {tools}.",
        "Ein Werkzeug `{tool}` gibt es hier nicht. Vorhanden sind: {tools}.",
    ),
    "no_tools": ("none at the moment", "zurzeit keine"),
    "unknown_place": (
        "I do not know the place **{place}**. Name a larger city nearby, or a time zone such as "
        "`Europe/Berlin`.",
        "Den Ort **{place}** kenne ich nicht. Bitte eine größere Stadt in der Nähe nennen oder "
        "eine Zeitzone wie `Europe/Berlin`.",
    ),
    "greeting": (
        "Hello! I am Keiko's built-in offline model. I can tell the time anywhere and do sums. "
        "For example:\n\n" + _EXAMPLES_EN,
        "Hallo! Ich bin das eingebaute Offline-Modell von Keiko. Ich sage die Uhrzeit in aller "
        "Welt und rechne. Zum Beispiel:\n\n" + _EXAMPLES_DE,
    ),
    "thanks": (
        "You are welcome. Is there another sum, or another city?",
        "Gern geschehen. Noch eine Rechnung oder eine Stadt?",
    ),
    "bye": (
        "Goodbye! This conversation waits for you in the history.",
        "Auf Wiedersehen! Diese Unterhaltung wartet im Verlauf.",
    ),
    "who": (
        "I am **Keiko's built-in offline model**: fixed rules, no neural network, no connection "
        "to anywhere. I understand simple requests and hand them to Keiko's real tools ({tools}). "
        "For free conversation, connect a language model: set `KEIKO_MODEL_URL`, or start Ollama "
        "or LM Studio on this machine.",
        "Ich bin das **eingebaute Offline-Modell von Keiko**: feste Regeln, kein neuronales Netz, "
        "keine Verbindung nach draußen. Ich verstehe einfache Bitten und reiche sie an Keikos "
        "echte Werkzeuge weiter ({tools}). Für freie Gespräche bitte ein Sprachmodell anschließen: "
        "`KEIKO_MODEL_URL` setzen oder Ollama oder LM Studio auf diesem Rechner starten.",
    ),
    "help": (
        "I am the offline model, and I understand simple requests in English and German:\n\n"
        "- the time and date in a city: *What time is it in Tokyo?*\n"
        "- sums, exactly: *What is 15% of 80?*, *square root of 2*, *2^10*\n"
        "- both at once: *What time is it in Paris and what is 7 times 8?*\n"
        "- later or again and again: *Remind me in 10 minutes to take the tea off*, *Every weekday "
        "at 8 tell me the time in Tokyo*\n"
        "- in the background: *Write something long in the background*, *What is running?*\n"
        "- a text to try the chat with: *Write something long*\n\n"
        "My tools: {tools}.",
        "Ich bin das Offline-Modell und verstehe einfache Bitten auf Deutsch und Englisch:\n\n"
        "- Uhrzeit und Datum in einer Stadt: *Wie spät ist es in Tokio?*\n"
        "- Rechnungen, genau: *Was ist 15 Prozent von 80?*, *Wurzel aus 2*, *2 hoch 10*\n"
        "- beides auf einmal: *Wie spät ist es in Paris und was ist 7 mal 8?*\n"
        "- später oder regelmäßig: *Erinnere mich in 10 Minuten an den Tee*, *Jeden Werktag um 8 "
        "sag mir die Uhrzeit in Tokio*\n"
        "- im Hintergrund: *Schreib im Hintergrund etwas Langes*, *Was läuft gerade?*\n"
        "- ein Text zum Ausprobieren: *Schreib etwas Langes*\n\n"
        "Meine Werkzeuge: {tools}.",
    ),
    "unclear": (
        "I did not understand that. I am the offline model: I tell the time in a city and do "
        "sums. What would you like? For example:\n\n" + _EXAMPLES_EN,
        "Das habe ich nicht verstanden. Ich bin das Offline-Modell: Ich sage die Uhrzeit in einer "
        "Stadt und rechne. Was darf es sein? Zum Beispiel:\n\n" + _EXAMPLES_DE,
    ),
    "when": (
        "**When** shall I do that? For example: *tomorrow at 9*, *in 10 minutes* or *every weekday "
        "at 8*.",
        "**Wann** soll ich das tun? Zum Beispiel: *morgen um 9*, *in 10 Minuten* oder *jeden "
        "Werktag um 8*.",
    ),
    "what": (
        "**What** shall I do? Please say it in a sentence.",
        "**Was** soll ich tun? Bitte in einem Satz sagen.",
    ),
    "reminder": ("**Reminder:** {about}", "**Erinnerung:** {about}"),
    "long": (_LONG_EN, _LONG_DE),
}
"""Each in English and German. Names in braces are filled in; a brace itself is doubled."""
