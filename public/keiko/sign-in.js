// Sign-in and set-up without a new page for every mistake. All of it works without this script.

const form = document.querySelector("form");
const problem = document.getElementById("problem");

function show(message, field) {
  problem.textContent = message;
  problem.hidden = false;
  for (const input of form.querySelectorAll("input")) input.removeAttribute("aria-invalid");
  const wrong = field && form.elements[field];
  if (wrong) wrong.setAttribute("aria-invalid", "true");
  (wrong || problem).focus();
}

async function send() {
  const { next, ...values } = Object.fromEntries(new FormData(form));
  const answer = await fetch(form.action, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify(values),
  });
  if (answer.ok) {
    location.assign(next || "/");
    return true;
  }
  const { error } = await answer.json();
  show(error.message, error.field);
  return false;
}

if (form) {
  const button = form.querySelector("button[type=submit]");
  const label = button.textContent;
  let busy = false;

  form.addEventListener("submit", async (event) => {
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
