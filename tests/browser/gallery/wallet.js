/**
 * A wallet made of made-up rows, in the place of core/wallet.js: for the tests that look at screens
 * which a real flow cannot bring about cheaply. It speaks to nobody. `?scene=` says what is in it.
 */

const NOW = Date.now();
const at = (minutes) => new Date(NOW + minutes * 60000).toISOString();
const DAY = 1440;

const CHECK = { ok: true, problem: "", message: "", issuer: "theatre.test", selector: "pw1", at: at(0) };
const LONG = "An evening of short plays, songs and readings from the harbour, with an interval and a talk by everybody who took part";
const FIELDS = [
  { name: "For", value: "Alice, one seat" },
  { name: "Time", value: "19:30" },
  { name: "Place", value: "The Guild" },
  { name: "Seat", value: "B10" },
];

function token(state, fields = {}) {
  const issuer = fields.issuer ?? "theatre.test";
  const id = fields.token ?? `0190a0f0-0000-7000-8000-0000000000${state.length}${issuer.length}`;
  const bad = state === "invalid";
  return {
    key: `${issuer}/${id}`, token: id, issuer, issuerTitle: "The Guild theatre",
    schema: "pollyweb.org/HOST/BOOKING/SELF:1.0", schemaTitle: "Seat ticket", title: "Seat ticket", tag: "",
    issued: at(-60), starts: state === "future" ? at(3 * DAY) : at(-60), expires: state === "expired" ? at(-5) : at(30 * DAY),
    saved: at(-50), chat: "theatre", state, status: { suspended: "SUSPENDED", revoked: "REVOKED" }[state] ?? "ACTIVE", statusAt: at(-2),
    reported: true, fields: FIELDS, document: { Issuer: issuer, Token: id, Context: Object.fromEntries(FIELDS.map(({ name, value }) => [name, value])) },
    check: bad ? { ...CHECK, ok: false, problem: "signature", message: "the signature does not fit" } : CHECK,
    ...fields,
  };
}

const TOKENS = [
  token("valid"),
  token("valid", { issuer: "gym.test", issuerTitle: "Harbour gym", title: "Gym membership", schemaTitle: "Gym membership", fields: [{ name: "Plan", value: "Mornings only" }] }),
  token("future", { issuer: "ferry.test", issuerTitle: "Harbour ferry", title: "To the island", tag: "To the island", schemaTitle: "Crossing" }),
  token("suspended", { issuer: "library.test", issuerTitle: "Town library", title: "Library card", schemaTitle: "Library card", expires: "" }),
  token("expired"),
  token("revoked", { issuer: "pool.test", issuerTitle: "Pool", title: "Ten swims", schemaTitle: "Ten swims" }),
  token("invalid", { issuer: "market.test", issuerTitle: "market.test", title: LONG, schemaTitle: LONG }),
];

let counter = 0;
function prompt(format, text, more = {}) {
  counter += 1;
  const status = ["INFO", "TEMP", "DONE", "FAIL"].includes(format);
  const emoji = { INFO: "ℹ️", TEMP: "⏳", DONE: "✅", FAIL: "❌", TEXT: "💬" }[format] ?? "😃";
  return {
    id: `prompt-${counter}`, chat: "theatre", sender: "theatre.test", fromBroker: false, format, emoji, text, details: "", options: [],
    default: "", min: "", max: "", nullable: false, appendix: null, extra: {}, expires: at(DAY), state: status ? "said" : "open",
    answer: null, offer: null, ...more,
  };
}

const line = (said, minutes) => ({ id: `line-${said.id}`, at: at(minutes), kind: "prompt", prompt: said });
const note = (code, problem = "") => ({ id: `note-${code}-${problem}`, at: at(-1), kind: "note", note: { code, problem, token: TOKENS[0].key } });
const answered = (answer, state = "sent", result = "OK") => ({ state: "answered", answer: { result, answer, at: at(-3), state } });
const options = (...titles) => titles.map((title) => ({ id: title, title, locator: "" }));

function offer(more = {}) {
  const [first] = TOKENS;
  return prompt("CONFIRM", "Keep this in your wallet?", {
    sender: "broker.test", fromBroker: true, emoji: "🫥",
    offer: { key: first.key, token: first.token, issuer: first.issuer, issuerTitle: first.issuerTitle, schema: first.schema, schemaTitle: first.schemaTitle, title: first.title, starts: first.starts, expires: first.expires, until: at(4.5), fields: FIELDS, check: CHECK, ...more },
  });
}

const HELLO = prompt("INFO", "Good evening. One seat is left in row B.", { details: "Doors open at **19:00**.\n\n- Coats are taken care of\n- No *late* entry\n\nCall `theatre.test` if you are late." });
const SCENES = {
  empty: [],
  confirm: [HELLO, prompt("CONFIRM", "Shall we hold the seat until the doors open?", { expires: at(4) })],
  one: [prompt("ONE", "How would you like to pay?", { options: [...options("Card", "At the desk"), { id: "x", title: "Ask the bank", locator: ".HOST,bank.test,pay" }], default: "Card" })],
  "one-long": [prompt("ONE", "Where are you from?", { options: options(..."Avila Braga Cadiz Delft Elvas Faro Ghent Hull Izola Jena Kiel Lagos".split(" ")), nullable: true })],
  many: [prompt("MANY", "Which evenings suit you?", { options: options("Monday", "Tuesday", "Wednesday", "Thursday"), default: ["Monday"], extra: { MinLength: 1, MaxLength: 2 } })],
  text: [prompt("TEXT", "What name should be on the ticket?", { extra: { MinLength: 2, MaxLength: 80 } })],
  digits: [prompt("DIGITS", "What is the number on your card?", { extra: { MinLength: 4, MaxLength: 8 } })],
  quantity: [prompt("QUANTITY", "How many seats?", { min: "1", max: "6", extra: { Precision: 0 } })],
  amount: [prompt("AMOUNT", "How much would you like to give?", { min: "1", extra: { Currency: "EUR", Precision: 2 }, default: "12.5" })],
  stars: [prompt("STARS", "How was the evening?")],
  date: [prompt("DATE", "Which day?", { min: "2026-12-01", max: "2026-12-31" })],
  time: [prompt("TIME", "When will you come?", { min: "18:00", max: "20:00" })],
  unknown: [prompt("UPLOAD", "Please send a picture of your card.")],
  status: [HELLO, prompt("TEMP", "One moment …"), prompt("DONE", "Your seat is held.", { options: options("Give it back") }), prompt("FAIL", "The desk printer did not answer."), prompt("TEMP", "Trying the other one …"),],
  offer: [HELLO, prompt("TEXT", "What name should be on the ticket?", answered("Alice")), offer()],
  "offer-refused": [{ ...offer(), ...answered(null, "sent", "YES") }],
  "offer-bad": [offer({ check: { ...CHECK, ok: false, problem: "signature" } })],
  "offer-unseen": [offer({ check: null, fields: [] })],
  "offer-ended": [{ ...offer(), state: "expired" }],
  answers: [
    prompt("TEXT", "What name should be on the ticket?", answered("Alice")),
    prompt("STARS", "How was the evening?", answered("4")),
    prompt("CONFIRM", "Shall we write to you?", answered(null, "refused", "NO")),
    prompt("MANY", "Which evenings suit you?", { options: options("Monday", "Tuesday"), ...answered(["Monday", "Tuesday"], "queued") }),
    prompt("CONFIRM", "Are you still there?", { state: "expired" }),
    prompt("TEXT", "", { state: "fetching" }),
  ],
  notes: [HELLO],
  long: [prompt("INFO", `${LONG}. `.repeat(2)), prompt("TEXT", "Supercalifragilisticexpialidocious".repeat(5), answered("A-very-long-answer-without-any-space".repeat(6))), prompt("TEXT", LONG)],
  arabic: [prompt("INFO", "مساء الخير. بقي مقعد واحد في الصف ب."), prompt("TEXT", "ما الاسم الذي يجب أن يكون على التذكرة؟", answered("ليلى"))],
};
const MORE = {
  "offer-refused": [note("token-refused", "signature")],
  notes: [note("token-saved"), note("token-refused", "signature"), note("token-gone"), note("token-removed")],
};

function chatRow(id, more = {}) {
  return { id, host: "theatre.test", title: "The Guild theatre", verified: true, opened: at(-9), touched: at(-1), state: "OPEN", hook: "", waiting: 0, last: "", ...more };
}

const LISTED = [
  chatRow("theatre", { waiting: 1, last: "What name should be on the ticket?" }),
  chatRow("gym", { host: "gym.test", title: "Harbour gym", touched: at(-300), last: "Welcome to the gym." }),
  chatRow("market", { host: "market.test", title: LONG, verified: false, touched: at(-3 * DAY), waiting: 12, last: `${LONG}.` }),
  chatRow("library", { host: "library.test", title: "Town library", touched: at(-40 * DAY), state: "WRAPPED", last: "Nobody took the card in time, so it is void." }),
];

const scene = new URLSearchParams(location.search).get("scene");

/** In the place of core/presence.js. */
export const isWalletHere = async () => scene !== "new";

export class Wallet {
  static async open() {
    return new Wallet(scene);
  }

  static async create() {
    const wallet = new Wallet("none");
    wallet.recoveryCode = "5MJD-7467-VRRD-P78K-B98W-WAVE-N8";
    return wallet;
  }

  static async restore() {
    throw Object.assign(new Error("wrong"), { code: "passphrase" });
  }

  static readLocator(text) {
    const [schema, domain, key] = text.split(",");
    if (!key) throw Object.assign(new Error("no locator"), { code: "locator" });
    return { schema, domain, key, inputs: {} };
  }

  constructor(shown) {
    this.scene = shown;
    this.identity = { id: "01a210fa-65eb-711e-a7cb-1122b7be010c", name: "Alice", language: "en-us", notifier: "notifier.test", broker: "broker.test", created: at(-60), backedUp: shown === "kept" ? at(0) : null };
    this.recoveryCode = null;
    window.gallery = this; // for tests that turn from scene to scene
  }

  get online() {
    return this.scene !== "answers";
  }

  get waiting() {
    return this.scene === "none" ? 0 : 1;
  }

  on(event, listener) {
    if (this.scene === "offer-refused" && event === "refused") {
      window.setTimeout(() => listener({ code: "token-refused", problem: "signature" }), 500);
    }
    return () => undefined;
  }

  async chats() {
    return this.scene === "none" ? [] : LISTED;
  }

  async chat(id) {
    const said = SCENES[this.scene] ?? [HELLO];
    const lines = said.map((each, index) => line(each, index - said.length));
    const row = chatRow(id, { verified: this.scene !== "offer-bad", state: this.scene === "notes" ? "WRAPPED" : "OPEN" });
    return { ...row, lines: [...lines, ...(MORE[this.scene] ?? [])] };
  }

  async answer(id, reply) {
    const prompt = (SCENES[this.scene] ?? []).find((each) => each.id === id);
    if (prompt && prompt.state === "open") Object.assign(prompt, { state: "answered", answer: { result: reply.result ?? "OK", answer: reply.answer ?? null, at: at(0), state: "sent" } });
  }

  async tokens() {
    return this.scene === "none" ? [] : TOKENS;
  }

  async token(key) {
    return TOKENS.find((each) => each.key === key) ?? null;
  }

  async qr(key) {
    const { issuer, token: id } = await this.token(key);
    return { link: `https://pollyweb.org/go/pollyweb.org/HOST/BOOKING/SELF:1.0,broker.test,${id},Issuer=${issuer}`, status: "", offline: `PWT1:${"eyJJc3N1ZXIiOiJ0aGVhdHJlLnRlc3Qi".repeat(24)}` };
  }

  async openLocator() {
    return "some-hook";
  }

  async tag() {}
  async pushKey() {
    return "";
  }
  async rename() {}
  async remove() {}
  async restart() {}
  async leave() {}
  async wipe() {}
  async backup() {
    return "{}";
  }
}
