/**
 * Web Push, for whoever turns it on: the browser's vendor wakes the service worker while the page
 * is closed. A push has nothing in it, so the vendor learns when, not what nor by whom.
 */

import { WalletError } from "../core/errors.js";
import { language, t } from "./texts.js";

const SECONDS = 20;
// As the service worker has them: what it says, in the language that was chosen here.
const KEPT = "push-words";
const WORDS = "/wallet/push-words";

/** Whether this browser could be woken at all. */
export const canPush = () => Boolean(navigator.serviceWorker && window.PushManager && window.Notification && window.caches);

async function subscription() {
  const registration = await navigator.serviceWorker.getRegistration("/");
  return (await registration?.pushManager.getSubscription()) ?? null;
}

/** Whether this browser is to be woken. */
export const isPushOn = async () => Boolean(await subscription());

async function keepWords() {
  const words = { title: t("app.name"), body: t("push.waits"), lang: language() };
  await (await caches.open(KEPT)).put(WORDS, new Response(JSON.stringify(words)));
}

const bytes = (key) => Uint8Array.from(atob(key.replaceAll("-", "+").replaceAll("_", "/")), (each) => each.charCodeAt(0));

/** Subscribe at the browser's vendor. Throws "push-service". */
async function subscribe(key) {
  const { pushManager } = await navigator.serviceWorker.ready;
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error("no answer")), SECONDS * 1000));
  try {
    return await Promise.race([pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) }), late]);
  } catch (error) {
    throw new WalletError("push-service", `the browser's push service: ${error.message}`);
  }
}

/**
 * Ask the person's leave, then have this browser woken. To be called by a click. Throws
 * "push-denied", "push-service", "unreachable" or "refused"; then it is as off as before.
 */
export async function turnPushOn(app, key) {
  if ((await Notification.requestPermission()) !== "granted") throw new WalletError("push-denied", "notifications are not allowed");
  await keepWords();
  await (await subscription())?.unsubscribe();
  const mine = await subscribe(key);
  try {
    await app.wallet.subscribePush(mine.endpoint);
  } catch (error) {
    await mine.unsubscribe();
    throw error;
  }
}

/** Have this browser woken no more. */
export async function turnPushOff(app) {
  const mine = canPush() ? await subscription() : null;
  if (!mine) return;
  await mine.unsubscribe();
  // A site that this does not reach learns it from the vendor, at its next push.
  await app.wallet.unsubscribePush(mine.endpoint).catch((error) => console.warn("the site was not told:", error.message));
}

/** What was turned on stays on, in the language of now and for the key that the site has now. */
export async function renewPush(app) {
  const mine = canPush() ? await subscription() : null;
  if (!mine) return;
  await keepWords();
  const key = await app.wallet.pushKey();
  const used = new Uint8Array(mine.options?.applicationServerKey ?? []);
  if (key && String(used) === String(bytes(key))) return app.wallet.subscribePush(mine.endpoint);
  await mine.unsubscribe();
  if (key) await app.wallet.subscribePush((await subscribe(key)).endpoint);
}
