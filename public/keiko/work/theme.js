// Light or dark as it was chosen in the chat; before the first paint, so that nothing flashes.

(() => {
  const chosen = () => {
    try {
      return localStorage.getItem("vite-ui-theme");
    } catch {
      return null;
    }
  };
  const show = () => {
    const theme = chosen();
    document.documentElement.classList.toggle("dark", theme === "dark");
    document.documentElement.classList.toggle("light", theme === "light");
  };
  show();
  window.addEventListener("storage", show);
})();
