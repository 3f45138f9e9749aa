// The page around the frame: one origin, pinned by the first word, then a port of our own.

const VERSION = 1;
const site = JSON.parse(document.documentElement.dataset.site);
const isFull = document.documentElement.dataset.mode === "full";

const page = {
  origin: isFull ? location.origin : "",
  isVisible: isFull,
  mode: isFull ? "full" : "floating",
  functions: [],
  context: null,
  unread: 0,
  say(type, data) {
    port?.postMessage({ keiko: VERSION, type, ...data });
  },
  tell(name, data) {
    page.say("event", { name, data });
  },
  // Ask the page for something: "ticket", or "call" of a function. Fails with a sentence.
  ask(type, data, timeout) {
    const id = `${type}-${++asked}`;
    return new Promise((resolve, reject) => {
      const give_up = setTimeout(() => {
        waiting.delete(id);
        page.say("cancel", { id });
        reject(new Error("The page did not answer in time."));
      }, timeout);
      waiting.set(id, (message) => {
        clearTimeout(give_up);
        if (message.ok) resolve(message.value);
        else reject(new Error(String(message.error ?? "error").slice(0, 500)));
      });
      page.say(type, { id, timeout, ...data });
    });
  },
  showState() {
    page.say("state", { unread: page.unread, busy: chat.isBusy, signedIn: session.user !== null });
  },
  // Something new: the page hears of it, and counts it while nobody looks.
  news(name, data) {
    page.tell(name, data);
    if (!page.isVisible) page.unread += 1;
    page.showState();
  },
};

const waiting = new Map();
let port = null;
let asked = 0;

const DARK = matchMedia("(prefers-color-scheme: dark)");

// Numbers of a colour as the browser understands it, or null.
function channels(colour) {
  const probe = make("i");
  probe.style.color = colour;
  document.body.append(probe);
  const found = /^rgba?\((\d+), (\d+), (\d+)\)?/.exec(getComputedStyle(probe).color);
  probe.remove();
  return colour && found ? found.slice(1).map(Number) : null;
}

function luminance(rgb) {
  const [r, g, b] = rgb.map((n) => (n / 255 <= 0.04045 ? n / 255 / 12.92 : ((n / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

const contrast = (a, b) => {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
};

// Colours are the site's or the page's; what is written on them stays readable whatever they are.
function paint(theme, vars = {}) {
  const root = document.documentElement;
  const isDark = theme === "dark" || (theme !== "light" && DARK.matches);
  root.classList.toggle("dark", isDark);
  root.removeAttribute("style");
  const { accent, accent_dark: accentDark, ...others } = site.colors ?? {};
  const own = { ...others, accent: isDark ? (accentDark ?? accent) : accent };
  for (const [name, value] of Object.entries(own)) if (value) root.style.setProperty(`--k-${name.replaceAll("_", "-")}`, value);
  for (const [name, value] of Object.entries(vars)) {
    const property = { "--k-radius": "border-radius", "--k-font": "font-family" }[name] ?? "color";
    if (/^--k-[a-z]+$/.test(name) && CSS.supports(property, value)) root.style.setProperty(name, value);
  }
  const style = getComputedStyle(root);
  const main = channels(style.getPropertyValue("--k-accent").trim());
  const ground = channels(style.getPropertyValue("--k-ground").trim());
  if (!main || !ground) return;
  const white = contrast(main, [255, 255, 255]);
  root.style.setProperty("--k-on", white >= 4.5 || white > contrast(main, [20, 20, 20]) ? "#fff" : "#141414");
  if (contrast(main, ground) < 4.5) root.style.setProperty("--k-link", "var(--k-text)");
}

let look = { theme: isFull ? "auto" : "light", vars: {} };

function apply(message) {
  if (message.lang) {
    isGerman = /^de/i.test(message.lang);
    document.documentElement.lang = isGerman ? "de" : "en";
  }
  if (message.theme || message.vars) {
    look = { theme: message.theme ?? look.theme, vars: message.vars ?? look.vars };
    paint(look.theme, look.vars);
  }
  if (message.mode) page.mode = message.mode;
  if (Array.isArray(message.functions)) {
    page.functions = message.functions.slice(0, 16);
    calls.look();
  }
  if ("context" in message) page.context = message.context;
  if (message.lang || message.mode) frame.label();
  if ("visible" in message) frame.seen(Boolean(message.visible), Boolean(message.focus));
}

function hear(message) {
  if (message?.keiko !== VERSION) return;
  if (message.type === "update") apply(message);
  else if (message.type === "send" && typeof message.text === "string") outbox.add(message.text.slice(0, 8000));
  else if (message.type === "signout") session.signOut();
  else if (message.type === "ticket" || message.type === "result") {
    waiting.get(message.id)?.(message);
    waiting.delete(message.id);
  }
}

function knockAtPage() {
  addEventListener("message", ({ source, origin, data, ports }) => {
    if (source !== window.parent || !site.origins.includes(origin) || data?.type !== "init" || !ports[0]) return;
    if (data.keiko !== VERSION) return void console.warn("Keiko: widget.js and the chat are of different versions.");
    port?.close();
    port = ports[0];
    port.onmessage = (message) => hear(message.data);
    page.origin = origin;
    apply(data);
    session.begin();
  });
  let around = location.ancestorOrigins?.[0] ?? "";
  try {
    around ||= new URL(document.referrer).origin;
  } catch {
    // without a referrer nobody is spoken to
  }
  if (window.parent !== window && site.origins.includes(around)) window.parent.postMessage({ keiko: VERSION, type: "ready" }, around);
}
