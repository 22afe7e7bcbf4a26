/**
 * The service worker. FILES and MARK stand above: the page's files, and a hash of all of them.
 *
 * It keeps the page and its files, nothing else: whatever the wallet says or hears goes straight to
 * the network and is never kept here. Woken by a push, it says that something waits.
 */

const PAGE = "/wallet/";
const KEPT = `wallet-${MARK}`;
const HASHED = /\.[0-9a-f]{12}\.\w+$/; // such a file never changes, so the browser's own copy will do
const ours = new Set(FILES);
const asked = (address) => new Request(address, { cache: HASHED.test(address) ? "default" : "no-cache" });

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(KEPT)
      .then((cache) => cache.addAll([PAGE, ...FILES].map(asked)))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  const old = (name) => name.startsWith("wallet-") && name !== KEPT;
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter(old).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return;
  const isPage = request.mode === "navigate" && (pathname === PAGE || pathname.startsWith("/go/"));
  if (isPage) event.respondWith(page(request));
  else if (ours.has(pathname)) event.respondWith(file(request));
});

self.addEventListener("push", (event) => event.waitUntil(tell()));

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(openWallet());
});

/** Say that something waits, in the page's words (ui/push.js). What a push holds is not read. */
async function tell() {
  const words = await (await caches.open("push-words")).match("/wallet/push-words");
  const { title, ...said } = words ? await words.json() : { title: "Wallet" };
  await self.registration.showNotification(title, { ...said, tag: "waits" });
}

async function openWallet() {
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const wallet = windows.find(({ url }) => new URL(url).pathname === PAGE);
  return wallet ? wallet.focus() : self.clients.openWindow(PAGE);
}

/** The page as it is now; without a network, as it was kept. */
async function page(request) {
  try {
    return await fetch(request);
  } catch {
    return kept(PAGE);
  }
}

async function file(request) {
  return (await (await caches.open(KEPT)).match(request)) ?? fetch(request);
}

async function kept(address) {
  return (await (await caches.open(KEPT)).match(address)) ?? Response.error();
}
