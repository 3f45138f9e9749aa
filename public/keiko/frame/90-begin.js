// Everything is there: draw it, and let the page know.

frame.draw();
paint(look.theme, look.vars);
DARK.addEventListener("change", () => look.theme === "auto" && paint(look.theme, look.vars));
addEventListener("beforeunload", outbox.save);
document.addEventListener("visibilitychange", () => !document.hidden && session.user && chat.thread && chat.refreshSoon());
if (isFull) session.begin();
else knockAtPage();
