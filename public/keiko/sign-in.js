// Sign-in and set-up without a new page for every mistake. All of it works without this script,
// but for passkeys: those need one.

const form = document.querySelector("form[data-busy]");
const problem = document.getElementById("problem");

function show(message, field) {
  problem.textContent = message;
  problem.hidden = false;
  for (const input of form.querySelectorAll("input")) input.removeAttribute("aria-invalid");
  const wrong = field && form.elements[field];
  if (wrong) wrong.setAttribute("aria-invalid", "true");
  (wrong || problem).focus();
}

const wanted = () => form.elements.next?.value || "/";

function goOn(data) {
  const { at } = data ?? {};
  location.assign(at ? `${at}?next=${encodeURIComponent(wanted())}` : wanted());
}

// Gives back what was answered; a refusal is shown, and undefined.
async function post(address, values = {}) {
  const answer = await fetch(address, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify(values),
  });
  const { data, error } = await answer.json();
  if (answer.ok) return data ?? {};
  show(error.message, error.field);
}

// A site's frame has opened this window, and waits for a ticket; nobody else is told it.
async function sendTicket() {
  const data = await post(form.action, { site_key: form.dataset.site });
  if (!data) return false;
  if (!window.opener) return void show(form.dataset.noOpener);
  window.opener.postMessage({ type: "signed-in", ticket: data.ticket }, location.origin);
  window.close();
  return true;
}

async function send() {
  if ("site" in form.dataset) return sendTicket();
  const { next: _, ...values } = Object.fromEntries(new FormData(form));
  const data = await post(form.action, values);
  if (data) goOn(data);
  return Boolean(data);
}

// Passkeys

const passkeys = window.PublicKeyCredential;
const canPasskeys = Boolean(passkeys?.parseRequestOptionsFromJSON && passkeys.prototype.toJSON);

async function usePasskey(address) {
  const asked = await post(`${address}/options`);
  if (!asked) return;
  const publicKey = passkeys.parseRequestOptionsFromJSON(asked.options);
  const credential = await navigator.credentials.get({ publicKey });
  const data = await post(address, { credential: credential.toJSON() });
  if (data) goOn(data);
}

async function makePasskey(address) {
  const asked = await post(`${address}/options`);
  if (!asked) return;
  const publicKey = passkeys.parseCreationOptionsFromJSON(asked.options);
  const credential = await navigator.credentials.create({ publicKey });
  const data = await post(address, { credential: credential.toJSON() });
  if (data) showCodes(data.codes);
}

function showCodes(codes) {
  const template = document.getElementById("codes-template").content.cloneNode(true);
  const list = template.querySelector(".codes");
  for (const text of codes) {
    const code = Object.assign(document.createElement("code"), { textContent: text });
    const item = document.createElement("li");
    item.append(code);
    list.append(item);
  }
  const title = template.querySelector("h1");
  title.tabIndex = -1;
  form.closest("main").replaceChildren(document.querySelector(".brand"), template);
  title.focus();
}

function offer(button, work) {
  if (!canPasskeys || button.dataset.available === "off") return;
  button.hidden = false;
  let busy = false;
  button.addEventListener("click", async () => {
    if (busy) return;
    busy = true;
    button.setAttribute("aria-disabled", "true");
    // A passkey that is not used is an error by the name of NotAllowedError or AbortError.
    await work().catch((error) => show(error instanceof DOMException ? button.dataset.unfinished : form.dataset.offline));
    busy = false;
    button.removeAttribute("aria-disabled");
  });
}

if (form) {
  const button = form.querySelector("button[type=submit]");
  const label = button.textContent;
  let busy = false;

  for (const each of form.querySelectorAll("[data-passkey]")) offer(each, () => usePasskey(each.dataset.passkey));
  for (const each of form.querySelectorAll("[data-new-passkey]")) offer(each, () => makePasskey(each.dataset.newPasskey));

  form.addEventListener("submit", async (event) => {
    if ("plain" in form.dataset) return; // its answer is a page that is shown once
    event.preventDefault();
    if (busy) return;
    busy = true;
    button.setAttribute("aria-disabled", "true");
    button.textContent = form.dataset.busy;
    const done = await send().catch(() => show(form.dataset.offline));
    if (done) return;
    busy = false;
    button.removeAttribute("aria-disabled");
    button.textContent = label;
  });

  for (const reveal of form.querySelectorAll(".reveal")) {
    reveal.hidden = false;
    reveal.addEventListener("click", () => {
      const { other, otherLabel } = reveal.dataset;
      reveal.dataset.other = reveal.textContent;
      reveal.dataset.otherLabel = reveal.getAttribute("aria-label");
      reveal.textContent = other;
      reveal.setAttribute("aria-label", otherLabel);
      for (const id of reveal.getAttribute("aria-controls").split(" ")) {
        const input = document.getElementById(id);
        input.type = input.type === "password" ? "text" : "password";
      }
    });
  }
}

// A page that has said what it has to say goes, where the browser lets it: its words stay readable.
if (document.querySelector("[data-closes]")) setTimeout(() => window.close(), 1500);
