// Shows what Keiko has to say while no page of it is looked at. Keeps no page and no file: what is
// not reachable is not shown.

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

const pages = () => self.clients.matchAll({ type: "window", includeUncontrolled: true });

async function show(message) {
  const open = await pages();
  // A page that is looked at says it by itself.
  if (open.some(({ visibilityState }) => visibilityState === "visible")) return;
  await self.registration.showNotification(message.title, {
    body: message.body,
    lang: message.language,
    tag: message.id, // what comes twice takes its own place
    icon: "/public/icons/keiko-192.png",
    badge: "/public/icons/keiko-192.png",
    data: { path: message.path },
  });
}

async function open(path) {
  const shown = (await pages()).find(({ url }) => new URL(url).pathname === path);
  return shown ? shown.focus() : self.clients.openWindow(path);
}

async function subscribeAgain(old) {
  const { applicationServerKey } = old?.options ?? {};
  if (!applicationServerKey) return;
  const made = await self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey });
  const { endpoint, keys } = made.toJSON();
  await fetch("/api/v1/notifications/push", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ endpoint, keys }),
  });
}

self.addEventListener("push", (event) => event.waitUntil(show(event.data.json())));
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data.path));
});
self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(subscribeAgain(event.oldSubscription)));
