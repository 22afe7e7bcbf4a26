/**
 * The service worker. FILES and MARK stand above: the page's files, and a hash of all of them.
 *
 * It keeps the page and its files, nothing else: whatever the wallet says or hears goes straight to
 * the network and is never kept here.
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
