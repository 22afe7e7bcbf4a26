/**
 * What one tab does for all tabs of a wallet: it listens to the feed, acts on what comes, and sends
 * what is queued. Which tab, a Web Lock says; when it closes, the next one takes over.
 */

import { Desk } from "./desk.js";
import { drain } from "./outbox.js";
import { eventsOf } from "./events.js";
import { handle } from "./handlers.js";

const LOCK = "countersign-wallet";
const WELCOME_MS = 6_000; // a feed that says nothing so long is held back by something in between
const SILENCE_MS = 40_000; // the server gives a sign of life every 15 seconds
const SHORTEST_STREAM_MS = 1_000;
const POLL_MS = 3_000;
const RETRY_STREAM_MS = 30_000;
const PAUSES_MS = [500, 1_000, 2_000, 4_000, 8_000, 15_000];
const HANDLED_DAYS = 30;

export class Attendant {
  /** @param {(online: boolean) => void} reached  called when the site is reached, or is not */
  constructor(desk, reached) {
    this.desk = desk;
    this.reached = reached;
    this.ending = new AbortController();
    this.waiting = new Map(); // notifications not yet dealt with, by id
    this.dealt = new Set(); // dealt with, not yet acknowledged
    this.last = ""; // the last event's id
    this.wake = () => {};
    this.failures = 0;
  }

  /** Wait for this tab's turn, then work until `stop`. */
  start() {
    const { signal } = this.ending;
    const turn = () => Promise.all([this.work(signal), this.listen(signal)]);
    this.running = navigator.locks.request(LOCK, { signal }, turn).catch((error) => {
      if (error.name !== "AbortError") throw error; // the wallet was closed while it waited
    });
  }

  async stop() {
    this.ending.abort();
    this.wake();
    await this.running;
  }

  /** Something is queued: look now. */
  nudge() {
    this.failures = 0;
    this.wake();
  }

  /** The browser believes that the network is back: see whether it is. */
  async look() {
    this.reached(await this.poll(this.ending.signal));
    this.nudge();
  }

  // -- working --------------------------------------------------------------------------------

  async work(signal) {
    await this.forget();
    await this.catchUp();
    while (!signal.aborted) {
      const woken = new Promise((resolve) => {
        this.wake = resolve;
      });
      let left;
      try {
        left = await this.round();
      } catch (error) {
        if (signal.aborted) return;
        console.error("wallet:", error.name, error.message);
        left = true;
      }
      this.failures = left ? this.failures + 1 : 0;
      await (left ? Promise.race([woken, pause(this.pauseNow(), signal)]) : woken);
    }
  }

  /** What the broker says of our tokens may have changed while no page was open. */
  async catchUp() {
    try {
      await this.desk.refresh();
    } catch (error) {
      if (!error.code) throw error; // it is asked again when the broker says that something changed
    }
  }

  pauseNow() {
    return PAUSES_MS[Math.min(this.failures, PAUSES_MS.length) - 1] ?? PAUSES_MS[0];
  }

  /** Send, act, acknowledge; returns whether something is left for later. */
  async round() {
    let fault;
    let left = await drain(this.desk).catch((error) => {
      fault = error;
      return true;
    });
    for (const [id, notification] of [...this.waiting].sort(byId)) {
      if (this.ending.signal.aborted) return true;
      try {
        await handle(this.desk, notification);
        this.waiting.delete(id);
        this.dealt.add(id);
      } catch (error) {
        // What stands behind one that cannot be handled is handled all the same.
        if (error.code !== "unreachable") fault ??= error;
        left = true;
      }
    }
    const unsent = await drain(this.desk);
    const more = await this.acknowledge();
    if (fault) throw fault;
    return more || left || unsent;
  }

  async acknowledge() {
    const ids = [...this.dealt].slice(0, 100);
    if (!ids.length) return false;
    try {
      await this.desk.site.ask("POST", "/wallet/notifications/acknowledge", JSON.stringify({ IDs: ids }));
    } catch (error) {
      if (error.code !== "unreachable" && error.code !== "refused") throw error;
      return true; // they come again, and are known
    }
    for (const id of ids) this.dealt.delete(id);
    return this.dealt.size > 0;
  }

  /** Forget which old messages were handled: the notifier does not keep any that long. */
  async forget() {
    const oldest = new Date(Desk.now() - HANDLED_DAYS * 86_400_000).toISOString();
    await this.desk.store.write(["handled"], async (rows) => {
      const old = await rows.handled.index("at", IDBKeyRange.upperBound(oldest));
      for (const row of old) await rows.handled.delete(row.correlation);
    });
  }

  // -- listening ------------------------------------------------------------------------------

  async listen(signal) {
    let streamAt = 0;
    let failed = 0;
    while (!signal.aborted) {
      let ok;
      if (Date.now() >= streamAt) {
        const since = Date.now();
        ok = await this.stream(signal);
        streamAt = ok ? 0 : Date.now() + RETRY_STREAM_MS;
        if (ok && Date.now() - since < SHORTEST_STREAM_MS) await pause(SHORTEST_STREAM_MS, signal);
        if (ok) continue; // feeds end now and then: listen again
      }
      ok = await this.poll(signal);
      failed = ok ? 0 : failed + 1;
      this.reached(ok);
      const wait = ok ? POLL_MS : PAUSES_MS[Math.min(failed, PAUSES_MS.length) - 1];
      if (!ok) streamAt = 0; // the network was away: when it is back, stream first
      await Promise.race([pause(wait, signal), back(signal)]);
    }
  }

  /** Listen until the feed ends; returns whether it ever spoke. */
  async stream(signal) {
    const watchdog = new AbortController();
    const both = AbortSignal.any([signal, watchdog.signal]);
    let timer = setTimeout(() => watchdog.abort(), WELCOME_MS);
    let spoke = false;
    try {
      const headers = { Accept: "text/event-stream" };
      if (this.last) headers["Last-Event-ID"] = this.last;
      const response = await this.desk.site.open("GET", "/wallet/stream", "", headers, both);
      for await (const event of eventsOf(response.body)) {
        clearTimeout(timer);
        timer = setTimeout(() => watchdog.abort(), SILENCE_MS);
        this.reached(true);
        spoke = true;
        if (event.data) this.take(JSON.parse(event.data));
      }
    } catch (error) {
      // Broken off, held back or refused. Of one that never spoke, polling says what is there.
      if (!(error instanceof DOMException || error instanceof TypeError || error.code)) throw error;
    } finally {
      clearTimeout(timer);
    }
    return spoke;
  }

  async poll(signal) {
    try {
      const answer = await this.desk.site.ask("GET", "/wallet/notifications?limit=100", "",
        AbortSignal.any([signal, AbortSignal.timeout(15_000)]));
      for (const notification of answer.Notifications ?? []) this.take(notification);
      return true;
    } catch (error) {
      if (!error.code) throw error;
      return false;
    }
  }

  take(notification) {
    const id = notification?.ID;
    if (typeof id !== "string") return;
    if (id > this.last) this.last = id;
    if (this.waiting.has(id) || this.dealt.has(id)) return;
    this.waiting.set(id, notification);
    this.wake();
  }
}

// Ids are ordered in time, so what the broker said first is acted on first.
const byId = ([one], [other]) => (one < other ? -1 : 1);

const pause = (ms, signal) =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });

/** The browser believes that the network is back. */
const back = (signal) =>
  new Promise((resolve) => globalThis.addEventListener("online", resolve, { once: true, signal }));
