// Text is given to the page no faster than it can draw. Chainlit draws an answer anew, from its
// first letter, for each piece of text. On a slow or busy machine, or with a long answer, that takes
// longer than the next piece needs to arrive: the page then works without a pause, never paints,
// and seems to hang on its loader. So pieces are held and joined; after each the page gets as
// much time of its own as drawing took.

const pace = (() => {
  const LONGEST_PAUSE = 1000; // ms
  const FRAME = 17; // ms
  const HIDDEN_PAUSE = 500; // ms; nobody looks, and no frame is drawn
  const held = new Map(); // socket -> id of the step -> text that the page has not got
  let isWaiting = false;
  let rest = 0; // ms that the page is left alone after its next frame

  const hold = (socket, { id, token }) => {
    if (!held.has(socket)) held.set(socket, new Map());
    const texts = held.get(socket);
    texts.set(id, (texts.get(id) ?? "") + token);
  };
  const rush = (socket) => {
    const texts = held.get(socket) ?? new Map();
    held.delete(socket);
    for (const [id, token] of texts) {
      socket.give(wire.encode("stream_token", { id, token, isSequence: false, isInput: false }));
    }
  };

  const afterFrame = (then) => {
    if (document.hidden) setTimeout(then, HIDDEN_PAUSE);
    else requestAnimationFrame(() => setTimeout(then));
  };
  const drawSoon = () => {
    isWaiting = true;
    setTimeout(() => afterFrame(draw), rest);
  };
  const draw = () => {
    const begun = performance.now();
    for (const socket of [...held.keys()]) rush(socket);
    afterFrame(() => {
      rest = Math.min(Math.max(performance.now() - begun - FRAME, 0), LONGEST_PAUSE);
      isWaiting = false;
      if (held.size) drawSoon();
    });
  };

  wire.heard.push((name, data, socket) => {
    if (name !== "stream_token" || !data || data.isSequence || data.isInput) return false;
    hold(socket, data);
    if (!isWaiting) drawSoon();
    return true;
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) for (const socket of [...held.keys()]) rush(socket);
  });

  return { rush };
})();
