// What the script says to people, in the browser's language.

const isGerman = navigator.language.toLowerCase().startsWith("de");

const words = isGerman
  ? {
      notSent: "noch nicht gesendet",
      refused: "nicht angenommen",
      offline: "Keine Verbindung",
      waiting: "Warte auf Bestätigung",
      left: (count) => (count === 1 ? "1 Nachricht nicht gesendet" : `${count} Nachrichten nicht gesendet`),
      discard: "Verwerfen",
      inbox: (count) => (count ? `Eingang, ${count} ungelesen` : "Eingang"),
      toBackground: "Im Hintergrund weiter",
      notMoved: "Das hat nicht geklappt. Bitte versuche es gleich noch einmal.",
      tasks: (count) => (count ? `Aufgaben: ${count} im Hintergrund` : "Aufgaben"),
      close: "Schließen",
    }
  : {
      notSent: "not yet sent",
      refused: "not accepted",
      offline: "No connection",
      waiting: "Waiting for confirmation",
      left: (count) => (count === 1 ? "1 message not sent" : `${count} messages not sent`),
      discard: "Discard",
      inbox: (count) => (count ? `Inbox, ${count} unread` : "Inbox"),
      toBackground: "Continue in background",
      notMoved: "That did not work. Please try again in a moment.",
      tasks: (count) => (count ? `Tasks: ${count} in the background` : "Tasks"),
      close: "Close",
    };
