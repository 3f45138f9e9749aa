// What happens on the server, for whichever part of this script wants to know: each event by its
// type, with its data in `detail`; `any` comes with each, with {type, data} in `detail`.

const events = new EventTarget();

import(`${workFolder}/events.js`).then(
  (heard) =>
    heard.events.addEventListener("any", ({ detail }) => {
      events.dispatchEvent(new CustomEvent(detail.type, { detail: detail.data }));
      events.dispatchEvent(new CustomEvent("any", { detail }));
    }),
  () => {}, // without it the chat is whole; only bell and badge wait for the next page
);
