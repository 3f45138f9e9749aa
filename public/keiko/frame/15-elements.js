// Making elements: only ever from text, never from HTML.

const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") element.textContent = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null && child !== false));
  return element;
};

const PATHS = {
  send: "M12 19V5M5.5 11.5 12 5l6.5 6.5",
  stop: "M7 7h10v10H7z",
  close: "M6 6l12 12M18 6 6 18",
  plus: "M12 20h8M4 20l1-4L16.5 4.500a2.1 2.1 0 0 1 3 3L8 19l-4 1Z",
  history: "M3.5 4v4.500H8M3.8 8.500A8.5 8.5 0 1 1 3.5 12M12 7.500V12l3 2",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  back: "M15 5l-7 7 7 7",
  check: "M5 12.500l4.5 4.500L19 7.5",
  failed: "M12 7v6M12 17h.01",
  full: "M14 4h6v6M20 4l-8 8M10 5H6a2 2 0 0 0-2 2v11a2 2 0 0 0 2 2h11a2 2 0 0 0 2-2v-4",
  out: "M15 5V4H5v16h10v-1M10 12h11M18 9l3 3-3 3",
  good: "M7 11v9H4v-9h3Zm0 0 4-7c1.5 0 2.5 1 2.5 2.500V10H19a1.5 1.5 0 0 1 1.5 1.800l-1.3 6.500A2 2 0 0 1 17.2 20H7",
  bad: "M17 13V4h3v9h-3Zm0 0-4 7c-1.5 0-2.5-1-2.5-2.500V14H5a1.5 1.5 0 0 1-1.5-1.800l1.3-6.500A2 2 0 0 1 6.8 4H17",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  file: "M6 3h8l4 4v14H6zM14 3v4h4",
  pen: "M4 20l1-4L16 5l3 3L8 19l-4 1Z",
  bin: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  away: "M12 4v9M8 9.500l4 4 4-4M5 18h14",
  down: "M12 5v14M6 13l6 6 6-6",
  shield: "M12 3l7 3v5c0 4.5-3 8-7 10-4-2-7-5.5-7-10V6l7-3Z",
};

const icon = (name) => {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "icon");
  svg.setAttribute("data-icon", name);
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
};

const button = (label, onclick, attributes = {}) => make("button", { type: "button", text: label, onclick, ...attributes });
const iconButton = (name, label, onclick, attributes = {}) =>
  make("button", { type: "button", class: "quiet", "aria-label": label, title: label, onclick, ...attributes }, icon(name));

// What a tab, or a browser, remembers. Where storage is refused, memory has to do.
const kept = (storage, memory = new Map()) => ({
  get(name) {
    try {
      return window[storage].getItem(name) ?? memory.get(name) ?? null;
    } catch {
      return memory.get(name) ?? null;
    }
  },
  set(name, value) {
    if (value == null) memory.delete(name);
    else memory.set(name, value);
    try {
      if (value == null) window[storage].removeItem(name);
      else window[storage].setItem(name, value);
    } catch {
      // refused: it is in memory
    }
  },
});
const ofTab = kept("sessionStorage");
const ofBrowser = kept("localStorage");

const newId = () =>
  crypto.randomUUID?.() ??
  "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (c) => (c ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (c / 4)))).toString(16));
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
