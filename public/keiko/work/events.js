// What happens on the server, as events of this page.
//
// A browser opens six connections to a host, in all of its tabs together: so one tab listens, and
// tells the others. When it goes, another takes its place.

const ADDRESS = "/api/v1/events";
const FIRST_PAUSE = 1000; // ms
const LONGEST_PAUSE = 30_000;

// Each event has its type and, in `detail`, its envelope: what there is to know is in
// `detail.payload`. `connected` says that events may have been missed before: look again. `any`
// comes with each, with {type, data} in `detail`.
export const events = new EventTarget();

const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("keiko.events");

function tell(type, data) {
  events.dispatchEvent(new CustomEvent(type, { detail: data }));
  events.dispatchEvent(new CustomEvent("any", { detail: { type, data } }));
}

function announce(type, data) {
  tell(type, data);
  channel?.postMessage({ type, data });
}

// One block of a stream of server-sent events: lines `event: …`, `data: …`, `id: …`.
function read(block) {
  const lines = { event: "message", data: [], id: undefined };
  for (const line of block.split("\n")) {
    const [, name, value] = line.match(/^(event|data|id): ?(.*)$/) ?? [];
    if (name === "data") lines.data.push(value);
    else if (name) lines[name] = value;
  }
  return lines;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

let last; // the id of the newest event

function hear(block) {
  const { event, data, id } = read(block);
  last = id ?? last;
  if (data.length) announce(event, parse(data.join("\n")));
}

async function listen() {
  const headers = { Accept: "text/event-stream", ...(last && { "Last-Event-ID": last }) };
  const answer = await fetch(ADDRESS, { headers, cache: "no-store" });
  if (!answer.ok || !answer.body) return false;
  announce("connected", null);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return true;
    const blocks = (rest + value).replaceAll("\r", "").split("\n\n");
    rest = blocks.pop();
    blocks.forEach(hear);
  }
}

async function listenForEver() {
  for (let pause = FIRST_PAUSE; ; ) {
    const began = Date.now();
    await listen().catch(() => {});
    pause = Date.now() - began > LONGEST_PAUSE ? FIRST_PAUSE : Math.min(pause * 2, LONGEST_PAUSE);
    await wait(pause);
  }
}

if (channel) channel.onmessage = ({ data }) => tell(data.type, data.data);
if (channel && navigator.locks) navigator.locks.request("keiko.events", listenForEver);
else listenForEver();
