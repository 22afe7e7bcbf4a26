/** The service worker, which keeps this page's files for when there is no network. */

const WORKER = "/wallet/worker.js";

/** Register it. A browser that cannot has a page that needs the network, and is otherwise fine. */
export function keepOffline() {
  if (!navigator.serviceWorker) return;
  const policy = window.trustedTypes?.createPolicy("wallet", {
    createScriptURL(address) {
      if (address !== WORKER) throw new TypeError(`${address} is no script of this page`);
      return address;
    },
  });
  const address = policy ? policy.createScriptURL(WORKER) : WORKER;
  navigator.serviceWorker
    .register(address, { scope: "/" })
    .catch((error) => console.warn("this page will not work offline:", error.message));
}
