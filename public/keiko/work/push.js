// Pushes in this very browser: whether it can, may and does, and how to switch them on and off.

import { api, t } from "./kit.js";

const WORKER = "/service-worker.js";

const isPossible = () => "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

const bytes = (text) => {
  const padded = text.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(padded + "=".repeat((4 - (padded.length % 4)) % 4)), (letter) => letter.charCodeAt(0));
};

const BROWSERS = [["Edg/", "Edge"], ["OPR/", "Opera"], ["Firefox/", "Firefox"], ["Chrome/", "Chrome"], ["Safari/", "Safari"]];
const SYSTEMS = [["iPhone", "iPhone"], ["iPad", "iPad"], ["Android", "Android"], ["Windows", "Windows"], ["Mac OS", "Mac"], ["Linux", "Linux"]];

function nameOf(agent) {
  const find = (table) => table.find(([sign]) => agent.includes(sign))?.[1];
  return [find(BROWSERS) ?? t("Browser", "Browser"), find(SYSTEMS)].filter(Boolean).join(" · ");
}

async function current() {
  const registration = await navigator.serviceWorker.getRegistration("/");
  return (await registration?.pushManager.getSubscription()) ?? null;
}

// "unsupported", "blocked", "off" or "on", with what the server knows of this browser.
export async function state(known) {
  if (!isPossible()) return { is: "unsupported" };
  if (Notification.permission === "denied") return { is: "blocked" };
  const held = await current();
  const kept = held && known.find(({ endpoint }) => endpoint === held.endpoint);
  return kept ? { is: "on", kept } : { is: "off" };
}

// Ask for permission, subscribe, and tell the server. Throws with a sentence if that fails.
export async function enable(publicKey) {
  if ((await Notification.requestPermission()) !== "granted") return;
  await navigator.serviceWorker.register(WORKER, { scope: "/" });
  const registration = await navigator.serviceWorker.ready;
  const key = bytes(publicKey);
  await (await current())?.unsubscribe();
  let made;
  try {
    made = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  } catch {
    throw new Error(t("This browser could not reach its push service. Try again later.", "Dieser Browser hat seinen Push-Dienst nicht erreicht. Versuche es später noch einmal."));
  }
  const { endpoint, keys } = made.toJSON();
  await api("/notifications/push", { method: "POST", body: { endpoint, keys, browser: nameOf(navigator.userAgent) } });
}

export async function disable(id) {
  await api(`/notifications/push/${id}`, { method: "DELETE" });
  await (await current())?.unsubscribe();
}
