// What this browser keeps: one entry of localStorage each, so that two tabs never overwrite each
// other. Where nothing can be stored (full, forbidden), it is kept for the life of the page.

const store = (() => {
  const unstored = new Map();

  const parse = (text) => {
    try {
      const value = JSON.parse(text);
      return value !== null && typeof value === "object" ? value : null;
    } catch {
      return null;
    }
  };
  const storedKeys = () => {
    try {
      return Object.keys(localStorage);
    } catch {
      return [];
    }
  };

  const get = (key) => {
    if (unstored.has(key)) return unstored.get(key);
    try {
      return parse(localStorage.getItem(key));
    } catch {
      return null;
    }
  };
  const put = (key, value) => {
    try {
      localStorage.setItem(key, JSON.stringify(value));
      unstored.delete(key);
    } catch {
      unstored.set(key, value);
    }
  };
  const drop = (key) => {
    unstored.delete(key);
    try {
      localStorage.removeItem(key);
    } catch {
      // Nothing is stored where nothing may be.
    }
  };
  const list = (prefix) => {
    const keys = new Set([...storedKeys(), ...unstored.keys()].filter((key) => key.startsWith(prefix)));
    return [...keys].map((key) => ({ key, value: get(key) }));
  };

  return { get, put, drop, list };
})();
