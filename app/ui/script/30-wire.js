// Between Chainlit and its socket: what either says passes by here, and may be held or added to.
// It knows of socket.io's text protocol that "40{…}" opens a session and "42[name, data]" is an event.

const wire = (() => {
  const said = []; // (name, data): the page has said an event
  const heard = []; // (name, data): the server has said an event; true keeps it from the page
  const changed = []; // (): a socket has opened or closed
  const adding = []; // (): what a new message has besides, as fields
  let current = null; // the socket that Chainlit speaks through
  let thread = ""; // the thread that it shows
  let tooMany = false; // the server has closed the last socket: too many are open
  const TRY_AGAIN_LATER = 1013;

  const decode = (frame) => {
    if (typeof frame !== "string" || !frame.startsWith("42[")) return null;
    try {
      return JSON.parse(frame.slice(2));
    } catch {
      return null;
    }
  };
  const encode = (name, data) => `42${JSON.stringify([name, data])}`;
  const tell = (listeners, ...event) => listeners.map((listener) => listener(...event)).includes(true);

  // Opened by a link, the page makes two sockets, the first without a thread, and keeps the one
  // whose request was answered last. Both ask for the thread in the address: either may be kept.
  const addressed = (frame) => {
    const auth = JSON.parse(frame.slice(2));
    const [, inAddress] = location.pathname.match(/^\/thread\/([0-9a-f-]{36})$/i) ?? [];
    auth.threadId ||= inAddress ?? "";
    thread = auth.threadId || auth.sessionId;
    return `40${JSON.stringify(auth)}`;
  };

  // A message says where its writer is: "tomorrow at 9" means the clock on that wall.
  const MESSAGE = /^42\["(client|edit)_message"/;
  const placed = (frame) => {
    const [name, data] = decode(frame) ?? [];
    if (!data?.message) return frame;
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
    const more = name === "client_message" ? adding.map((add) => add()) : [];
    return encode(name, { ...data, message: Object.assign({ ...data.message, timeZone }, ...more) });
  };

  const Native = window.WebSocket;
  class Wire extends Native {
    #handler = null; // Chainlit's own, taken out of the browser's hands

    constructor(...args) {
      super(...args);
      if (!String(args[0]).includes("/ws/socket.io/")) {
        this.addEventListener("message", (event) => this.#handler?.call(this, event));
        return;
      }
      this.addEventListener("message", ({ data }) => this.#hear(data));
      this.addEventListener("close", ({ code }) => {
        tooMany = code === TRY_AGAIN_LATER;
        if (current === this) current = null;
        tell(changed);
      });
    }

    get onmessage() {
      return this.#handler;
    }

    set onmessage(handler) {
      this.#handler = handler;
    }

    #hear(frame) {
      const [name, data] = decode(frame) ?? [];
      if (name === "first_interaction" && data?.thread_id) thread = data.thread_id;
      if (name && tell(heard, name, data, this)) return;
      if (name) pace.rush(this);
      this.give(frame);
    }

    give(frame) {
      this.#handler?.call(this, new MessageEvent("message", { data: frame }));
    }

    send(frame) {
      if (typeof frame === "string" && frame.startsWith("40{")) frame = addressed(frame);
      if (typeof frame === "string" && MESSAGE.test(frame)) frame = placed(frame);
      super.send(frame);
      const [name, data] = decode(frame) ?? [];
      if (name === "connection_successful") {
        current = this;
        tooMany = false;
        tell(changed);
      }
      if (name) tell(said, name, data);
    }
  }
  window.WebSocket = Wire;

  return {
    said,
    heard,
    changed,
    adding,
    encode,
    isOneTooMany: () => tooMany,
    isOpen: () => current?.readyState === Native.OPEN,
    isCurrent: (socket) => socket === current,
    thread: () => thread,
    // To the server, as if the page had said it; not told to `said`.
    say: (name, data) => wire.isOpen() && Native.prototype.send.call(current, encode(name, data)),
    // To the page, as if the server had said it; not told to `heard`.
    give: (name, data) => current?.give(encode(name, data)),
  };
})();
