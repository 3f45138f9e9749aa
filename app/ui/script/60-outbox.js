// Keeps what was sent until the server says that it is stored: `message_accepted {id}`, or
// `message_refused {id, final, why}`. What waits is delivered by whichever page of its writer
// connects next; the server takes it once, however often it comes.

(() => {
  const BOX = "keiko.outbox.";
  const LATE = 1500; // ms without an answer until the page says so
  const AGAIN = 3000; // ms until something is delivered again on a living connection
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  const discarded = new Set();
  let timer = 0;
  let deliveredAt = 0;

  const isMine = (entry) => entry?.message?.id && entry.message.name === me.identifier;
  const entries = () =>
    store
      .list(BOX)
      .map(({ value }) => value)
      .filter(isMine)
      .sort((one, other) => one.at - other.at);
  const keep = (entry) => store.put(BOX + entry.message.id, entry);
  const drop = (id) => {
    store.drop(BOX + id);
    update();
  };
  const isLate = (entry) => entry.why || Date.now() - entry.at > LATE;

  const deliver = () => {
    if (!wire.isOpen()) return;
    deliveredAt = Date.now();
    for (const { message, fileReferences, final } of entries()) {
      if (!final) wire.say("client_message", { message, fileReferences });
    }
  };
  const discard = (id) => {
    discarded.add(id);
    wire.give("delete_message", { id });
    drop(id);
  };

  // Another's unsent words are not kept in a browser that they have left to somebody else.
  const forgetOthers = () => {
    for (const { key, value } of store.list(BOX)) if (!isMine(value)) store.drop(key);
    update();
  };

  wire.said.push((name, data) => {
    if (name === "connection_successful") deliver();
    if (name !== "client_message" || !data?.message?.id) return;
    const message = { ...data.message, threadId: data.message.threadId || wire.thread() };
    keep({ message, fileReferences: data.fileReferences, at: Date.now() });
    deliveredAt = Date.now();
    update();
  });
  wire.heard.push((name, data) => {
    if (name === "message_accepted") drop(data.id);
    if (name === "message_refused") {
      const entry = entries().find(({ message }) => message.id === data.id);
      if (entry) keep({ ...entry, why: data.why, final: data.final });
      update();
    }
    // The server's picture has taken the place of everything; what it does not know stays shown.
    if (name === "resume_thread") {
      const unknown = entries().filter(({ message }) => message.threadId === data.id);
      setTimeout(() => unknown.forEach(({ message }) => wire.give("new_message", message)));
    }
    return name.startsWith("message_");
  });

  const mark = ({ message, final }) =>
    `#step-${CSS.escape(message.id)} { opacity: 0.6 }` +
    `#step-${CSS.escape(message.id)}::after { content: ${JSON.stringify(`⏳ ${final ? words.refused : words.notSent}`)};` +
    " display: block; font-size: 0.75rem; text-align: end }";

  // Without a connection Chainlit cannot be told to take it away.
  const hide = (id) => `.step:has(#step-${CSS.escape(id)}) { display: none }`;

  const draw = (late) => {
    const bar = document.getElementById("keiko-outbox");
    if (wire.isOneTooMany() && !late.length) return drawOneTooMany(bar);
    if (!late.length) return bar?.remove();
    const [{ message, why }] = late;
    const reason = why ?? (wire.isOpen() ? words.waiting : words.offline);
    const text = `${words.left(late.length)}. ${reason}: “${message.output.slice(0, 60)}”`;
    const drawn = bar ?? document.body.appendChild(makeBar());
    drawn.firstChild.textContent = text;
    drawn.lastChild.hidden = false;
    drawn.lastChild.onclick = () => discard(message.id);
  };
  const drawOneTooMany = (bar) => {
    const drawn = bar ?? document.body.appendChild(makeBar());
    drawn.firstChild.textContent = words.tooManyPages;
    drawn.lastChild.hidden = true;
  };
  const makeBar = () => {
    const bar = Object.assign(document.createElement("div"), { id: "keiko-outbox", role: "status" });
    const button = Object.assign(document.createElement("button"), { textContent: words.discard });
    bar.append(document.createElement("span"), button);
    return bar;
  };

  function update() {
    clearTimeout(timer);
    const waiting = entries();
    const late = waiting.filter(isLate);
    sheet.replaceSync([...late.map(mark), ...[...discarded].map(hide)].join("\n"));
    if (document.body) draw(late);
    if (waiting.some(({ final }) => !final)) timer = setTimeout(retry, 500);
  }
  const retry = () => {
    if (Date.now() - deliveredAt > AGAIN) deliver();
    update();
  };

  me.changed.push(forgetOthers);
  wire.changed.push(update);
  window.addEventListener("storage", update);
  document.addEventListener("DOMContentLoaded", update);
})();
