// Keiko on any page: one script tag, one global, no dependency. What it promises: docs/embed.md.
(() => {
  "use strict";
  const VERSION = 1;
  const waiting = window.Keiko?.q ?? [];
  if (window.Keiko?.version) return;

  const tag = document.currentScript;
  const SVG = "http://www.w3.org/2000/svg";
  const WORDS = {
    en: { open: "Open chat", close: "Close chat", title: "Chat", unread: (n) => `${n} unread` },
    de: { open: "Chat öffnen", close: "Chat schließen", title: "Chat", unread: (n) => `${n} ungelesen` },
  };
  const CHAT = "M12 3C6.8 3 2.8 6.6 2.8 11c0 2.3 1.1 4.3 2.9 5.8l-.6 3.3c-.1.5.4.9.9.7l3.7-1.7c.7.1 1.5.2 2.3.2 5.2 0 9.2-3.6 9.2-8.2S17.2 3 12 3Z";
  const DOWN = "M6.3 9.3 12 15l5.7-5.7";
  const STYLE = `
:host { all: initial; --accent: var(--keiko-accent, #24566b); --on: var(--keiko-on-accent, #fff); --right: var(--keiko-right, 20px); --bottom: var(--keiko-bottom, 20px); }
button { position: fixed; right: var(--right); bottom: var(--bottom); z-index: 2147483000; width: 56px; height: 56px; padding: 0; border: 0; border-radius: 50%; background: var(--accent); color: var(--on); cursor: pointer; box-shadow: 0 1px 3px rgb(0 0 0 / 20%), 0 6px 24px rgb(0 0 0 / 22%); }
button:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; }
svg { display: block; width: 28px; height: 28px; margin: auto; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
svg + svg, [aria-expanded=true] svg { display: none; }
[aria-expanded=true] svg + svg { display: block; }
b { position: absolute; top: -3px; right: -3px; box-sizing: border-box; min-width: 22px; padding: 0 5px; border: 2px solid #fff; border-radius: 11px; background: #b3261e; color: #fff; font: 600 12px/18px system-ui, sans-serif; }
b[hidden] { display: none; }
dialog { position: fixed; inset: auto var(--right) calc(var(--bottom) + 72px) auto; z-index: 2147483000; box-sizing: border-box; width: min(var(--keiko-width, 400px), calc(100vw - 24px)); height: min(var(--keiko-height, 680px), calc(100dvh - 116px)); max-width: none; max-height: none; margin: 0; padding: 0; border: 0; border-radius: var(--keiko-radius, 16px); overflow: hidden; overscroll-behavior: contain; background: #fff; box-shadow: 0 0 0 1px rgb(0 0 0 / 8%), 0 4px 12px rgb(0 0 0 / 8%), 0 16px 48px rgb(0 0 0 / 20%); }
dialog.dark { background: #161718; box-shadow: 0 0 0 1px rgb(255 255 255 / 14%), 0 16px 48px rgb(0 0 0 / 50%); }
dialog::backdrop { background: none; }
dialog.full { inset: 0; width: 100vw; height: 100dvh; border-radius: 0; }
iframe { display: block; width: 100%; height: 100%; border: 0; color-scheme: normal; }
@media (prefers-reduced-motion: no-preference) { dialog[open] { animation: rise 0.18s ease-out; } button { transition: transform 0.15s; } button:hover { transform: scale(1.05); } }
@media (forced-colors: active) { button, dialog { border: 1px solid; } }
@keyframes rise { from { opacity: 0; transform: translateY(10px); } }`;

  const phone = matchMedia("(max-width: 480px)");
  const night = matchMedia("(prefers-color-scheme: dark)");
  const listeners = new Map();
  const functions = new Map();
  const cancelled = new Set();
  let options; // set by init
  let origin = tag?.src ? new URL(tag.src).origin : "";
  let place, launcher, badge, dialog, frame, port, words;
  let unread = 0;
  let isOpen = false;
  let isReady = false;
  let takesFocus = false;
  let before = null; // what had the focus before the chat was opened
  let given = {}; // the context that the page has set
  let unsent = []; // messages for a frame that is not there yet

  const make = (name, attributes = {}, element = document.createElement(name)) => {
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };
  const drawing = (path, fill) => {
    const svg = make("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, document.createElementNS(SVG, "svg"));
    svg.append(make("path", { d: path, ...(fill ? { fill: "currentColor" } : {}) }, document.createElementNS(SVG, "path")));
    return svg;
  };
  const remember = (state) => {
    try {
      if (state) sessionStorage.setItem("keiko", state);
      return sessionStorage.getItem("keiko");
    } catch {
      return null; // storage is refused: the chat begins closed on each page
    }
  };
  const emit = (name, data) => {
    for (const listener of listeners.get(name) ?? []) {
      try {
        listener(data);
      } catch (error) {
        console.error(error);
      }
    }
  };
  const say = (type, data) => port?.postMessage({ keiko: VERSION, type, ...data });
  const isDark = () => options.theme === "dark" || (options.theme !== "light" && night.matches);
  const declared = () =>
    [...functions.values()].map(({ name, description, parameters, readOnly }) => ({ name, description, parameters, readOnly }));
  const context = () => ({
    title: document.title.slice(0, 300),
    url: (location.origin + location.pathname).slice(0, 2000),
    selection: String(getSelection() ?? "").slice(0, 4000),
    ...given,
  });
  const look = () => ({
    lang: options.lang,
    theme: isDark() ? "dark" : "light",
    vars: { ...(options.accent ? { "--k-accent": options.accent } : {}), ...options.vars },
    mode: options.mode,
    functions: declared(),
    context: context(),
    visible: isOpen,
    focus: takesFocus,
  });

  // The frame says that it is there, and gets a port of its own; everything else goes through that.
  addEventListener("message", ({ source, origin: from, data }) => {
    if (!frame || source !== frame.contentWindow || from !== origin || data?.type !== "ready") return;
    if (data.keiko !== VERSION) return void console.warn("Keiko: widget.js and the chat are of different versions.");
    const channel = new MessageChannel();
    port?.close();
    isReady = false;
    port = channel.port1;
    port.onmessage = (message) => hear(message.data);
    frame.contentWindow.postMessage({ keiko: VERSION, type: "init", ...look() }, origin, [channel.port2]);
  });

  function hear(message) {
    if (message?.keiko !== VERSION) return;
    if (message.type === "close") Keiko.close();
    else if (message.type === "ticket") answer("ticket", message, ticket);
    else if (message.type === "call") answer("result", message, () => call(message));
    else if (message.type === "cancel") cancelled.add(message.id);
    else if (message.type === "state") show(message);
    else if (message.type === "event") {
      if (message.name === "ready") {
        isReady = true;
        for (const [type, data] of unsent.splice(0)) say(type, data);
      }
      emit(message.name, message.data);
    }
  }

  function show(state) {
    if (state.unread !== unread) emit("unread", state.unread);
    unread = state.unread;
    emit("state", { unread, busy: state.busy, signedIn: state.signedIn });
    if (launcher) label();
  }

  function label() {
    badge.hidden = !unread;
    badge.textContent = unread > 9 ? "9+" : unread;
    launcher.setAttribute("aria-expanded", String(isOpen));
    launcher.setAttribute("aria-label", (isOpen ? words.close : words.open) + (unread ? `, ${words.unread(unread)}` : ""));
  }

  async function ticket() {
    if (typeof options.ticket === "function") return options.ticket();
    if (!options.ticketUrl) throw new Error("no ticket");
    const response = await fetch(options.ticketUrl, { method: "POST", cache: "no-store" });
    if (!response.ok) throw new Error(`ticket: ${response.status}`);
    return (await response.json()).ticket;
  }

  function call({ name, args }) {
    const found = functions.get(name);
    if (!found) throw new Error("There is no such function on this page.");
    return found.run(args);
  }

  // Ask the page for something, and tell the frame that asked; what is late or cancelled is dropped.
  async function answer(type, { id, timeout }, work) {
    const to = port;
    let told;
    try {
      const late = new Promise((_, fail) => setTimeout(fail, timeout, new Error("timeout")));
      const text = JSON.stringify((await Promise.race([work(), late])) ?? null) ?? "null";
      if (new Blob([text]).size > 32768) throw new Error("The result is larger than 32 KB.");
      told = { ok: true, value: JSON.parse(text) };
    } catch (error) {
      told = { ok: false, error: String(error?.message ?? error).slice(0, 500) };
    }
    if (!cancelled.delete(id)) to.postMessage({ keiko: VERSION, type, id, ...told });
  }

  function load() {
    if (frame) return;
    frame = make("iframe", {
      title: words.title,
      allow: "clipboard-write",
      referrerpolicy: "strict-origin",
      src: `${origin}/w/${encodeURIComponent(options.site)}`,
    });
    (dialog ?? place).append(frame);
  }

  // The whole screen on a phone, as a modal dialog; a panel elsewhere, beside which the page can be used.
  function fit() {
    if (!isOpen || !dialog) return;
    const isFull = phone.matches;
    if (isFull !== dialog.classList.contains("full") || !dialog.open) {
      if (dialog.open) dialog.close();
      dialog.classList.toggle("full", isFull);
      isFull ? dialog.showModal() : dialog.setAttribute("open", ""); // show() would take the focus
    }
    const seen = isFull && window.visualViewport; // what a phone's keyboard leaves
    dialog.style.height = seen ? `${seen.height}px` : "";
    dialog.style.top = seen ? `${seen.offsetTop}px` : "";
  }

  function draw() {
    const host = make("keiko-widget");
    const root = host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    if (options.accent) host.style.setProperty("--keiko-accent", options.accent);
    if (options.mode === "inline") {
      const target = document.querySelector(options.target);
      if (!target) return void console.warn(`Keiko: there is no ${options.target} on this page.`);
      host.style.cssText = "display: block; height: 100%";
      target.append(host);
      place = root;
      isOpen = true;
      load();
      return;
    }
    launcher = make("button", { type: "button", "aria-haspopup": "dialog" });
    badge = make("b", { "aria-hidden": "true" });
    launcher.append(drawing(CHAT, true), drawing(DOWN), badge);
    launcher.onclick = () => Keiko.toggle();
    dialog = make("dialog", { "aria-label": words.title });
    dialog.classList.toggle("dark", isDark());
    dialog.oncancel = (event) => (event.preventDefault(), Keiko.close());
    dialog.onkeydown = ({ key }) => key === "Escape" && Keiko.close();
    root.append(launcher, dialog);
    label();
    document.body.append(host);
    phone.addEventListener("change", fit);
    visualViewport?.addEventListener("resize", fit);
    if (remember() === "open") reveal(false);
    else if (options.preload || unsent.length) (window.requestIdleCallback ?? setTimeout)(load);
  }

  function reveal(focus) {
    if (!dialog || isOpen) return;
    before = document.activeElement === launcher.getRootNode().host ? launcher : document.activeElement;
    isOpen = true;
    takesFocus = focus;
    remember("open");
    load();
    label();
    fit();
    say("update", { visible: true, focus, context: context() });
    if (focus) frame.focus();
    emit("open");
  }

  night.addEventListener("change", () => {
    if (!options) return;
    dialog?.classList.toggle("dark", isDark());
    say("update", { theme: isDark() ? "dark" : "light" });
  });

  const Keiko = (window.Keiko = {
    version: VERSION,
    init(wanted) {
      if (options) return;
      options = { mode: "floating", theme: "auto", lang: document.documentElement.lang || navigator.language, ...wanted };
      if (options.origin) origin = new URL(options.origin).origin;
      words = WORDS[/^de/i.test(options.lang) ? "de" : "en"];
      for (const each of options.functions ?? []) Keiko.register(each);
      document.body ? draw() : addEventListener("DOMContentLoaded", draw);
    },
    open: () => reveal(true),
    close() {
      if (!dialog || !isOpen) return;
      isOpen = false;
      remember("closed");
      dialog.close();
      label();
      say("update", { visible: false });
      (before?.isConnected && before !== document.body ? before : launcher).focus();
      emit("close");
    },
    toggle: () => (isOpen ? Keiko.close() : Keiko.open()),
    send(text) {
      const message = { text: String(text).slice(0, 8000) };
      isReady ? say("send", message) : unsent.push(["send", message]);
      if (options) reveal(true);
    },
    setContext(value) {
      given = value ?? {};
      say("update", { context: context() });
    },
    register({ name, description = "", parameters, readOnly = false, run }) {
      if (!/^[a-z][a-z0-9_]{0,63}$/.test(name) || typeof run !== "function") throw new TypeError("Keiko.register wants a name like find_order, and run.");
      functions.set(name, { name, description, parameters: parameters ?? { type: "object", properties: {}, additionalProperties: false }, readOnly: Boolean(readOnly), run });
      say("update", { functions: declared() });
    },
    unregister: (name) => functions.delete(name) && say("update", { functions: declared() }),
    signOut: () => (isReady ? say("signout") : unsent.push(["signout", {}])),
    on(name, listener) {
      const all = listeners.get(name) ?? new Set();
      listeners.set(name, all.add(listener));
      return () => all.delete(listener);
    },
  });

  for (const [name, ...with_] of waiting) Keiko[name]?.(...with_);
  const { site, ticketUrl, preload, ...rest } = tag?.dataset ?? {};
  const { mode = "floating", target, theme = "auto", lang, accent } = rest;
  if (site) Keiko.init({ site, ticketUrl, mode, target, theme, accent, preload: preload !== undefined, ...(lang ? { lang } : {}) });
})();
