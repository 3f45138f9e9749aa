// Whoever may only read is told so where others write.

(() => {
  let sentence = "";

  const say = () => {
    const composer = document.getElementById("message-composer");
    if (!sentence || !composer || document.getElementById("keiko-reads")) return;
    composer.before(Object.assign(document.createElement("p"), { id: "keiko-reads", role: "status", textContent: sentence }));
  };
  wire.heard.push((name, data) => {
    if (name !== "only_reads") return false;
    sentence = data.why;
    document.documentElement.classList.add("keiko-only-reads");
    say();
    return true;
  });
  document.addEventListener("DOMContentLoaded", () => {
    new MutationObserver(say).observe(document.body, { childList: true, subtree: true });
  });
})();
