/** The wallet's rows in IndexedDB. What must happen together happens in one transaction. */

import { WalletError } from "./errors.js";

export const DATABASE = "countersign-wallet";
const VERSION = 1;
const STORES = {
  state: { keyPath: "name" }, // "wallet", "frontend"
  keys: { keyPath: "name" }, // "wallet", or a chat's id: {name, private, public, sealed}
  domainKeys: { keyPath: "name" }, // "domain selector": {name, public}
  chats: { keyPath: "id" },
  lines: { keyPath: "seq", autoIncrement: true, indexes: { chat: "chat", prompt: "prompt" } },
  prompts: { keyPath: "id", indexes: { chat: "chat" } },
  tokens: { keyPath: "key" },
  outbox: { keyPath: "seq", autoIncrement: true },
  handled: { keyPath: "correlation", indexes: { at: "at" } },
};
export const ALL = Object.keys(STORES);

const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

export class Store {
  /** @param {() => void} onGone  called when the database is taken away (wiped by another tab) */
  static async open(onGone = () => {}) {
    if (!globalThis.indexedDB || !globalThis.navigator?.locks || !globalThis.crypto?.subtle) {
      throw new WalletError("unsupported", "this browser lacks what the wallet needs");
    }
    const request = indexedDB.open(DATABASE, VERSION);
    request.onupgradeneeded = () => {
      for (const [name, { indexes = {}, ...options }] of Object.entries(STORES)) {
        const made = request.result.createObjectStore(name, options);
        for (const [index, path] of Object.entries(indexes)) made.createIndex(index, path);
      }
    };
    return new Store(await done(request), onGone);
  }

  constructor(database, onGone) {
    this.database = database;
    database.onversionchange = () => {
      database.close();
      onGone();
    };
  }

  close() {
    this.database.close();
  }

  /** Delete the whole database; other tabs are told to let go of it. */
  static async wipe() {
    await done(indexedDB.deleteDatabase(DATABASE));
  }

  get = (store, key) => this.read(store, (rows) => rows.get(key));
  all = (store) => this.read(store, (rows) => rows.getAll());
  by = (store, index, key) => this.read(store, (rows) => rows.index(index).getAll(key));
  put = (store, row) => this.write([store], (rows) => rows[store].put(row));

  async read(store, ask) {
    return done(ask(this.database.transaction(store, "readonly").objectStore(store)));
  }

  /**
   * Run `work(rows)` in one transaction over the named stores, and return its result once the
   * transaction is on disk; an exception undoes it. `rows[store]` has get, getAll, put, add,
   * delete, clear and index(name, key), all promises. Nothing else may be awaited in it.
   */
  async write(stores, work) {
    const transaction = this.database.transaction(stores, "readwrite", { durability: "strict" });
    const ended = new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error("aborted"));
    });
    let result;
    try {
      result = await work(Object.fromEntries(stores.map((name) => [name, rowsOf(transaction, name)])));
    } catch (error) {
      ended.catch(() => {}); // the reason is the error itself
      transaction.abort();
      throw error;
    }
    await ended;
    return result;
  }
}

function rowsOf(transaction, name) {
  const store = transaction.objectStore(name);
  const promised = (method) => (...words) => done(store[method](...words));
  const methods = ["get", "getAll", "put", "add", "delete", "clear", "count"];
  const rows = Object.fromEntries(methods.map((method) => [method, promised(method)]));
  return { ...rows, index: (index, key) => done(store.index(index).getAll(key)) };
}
