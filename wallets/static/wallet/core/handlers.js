/** What the wallet does with each message of its broker; doing it twice does it once. */

import { differenceFromOffer } from "./document.js";
import { isProved, parse } from "./envelope.js";
import { newKey } from "./keys.js";
import { wholeView } from "./pages.js";
import { isInput, readContent } from "./prompts.js";
import { isDomain, isTime, isUuid, printable } from "./syntax.js";
import { Desk, outgoing, tokenKey } from "./desk.js";
import { WalletError } from "./errors.js";

const NEEDED = {
  "Open@Notifier": ["Chat", "Host"],
  "Prompt@Notifier": ["Chat", "Hook", "Sender", "Format"],
  "Save@Notifier": ["Chat", "Issuer", "Token"],
  "Remove@Notifier": ["Issuer", "Token"],
  "Updated@Notifier": [],
};
const untrusted = (message) => new WalletError("untrusted", message);

/**
 * Act on one notification. Returns once its effect is on disk; it may then be acknowledged. What
 * is not believed is announced as "refused" and is done with. Throws WalletError "unreachable":
 * then it is to be handled again.
 */
export async function handle(desk, notification) {
  let message;
  try {
    message = await checked(desk, notification.Message);
    if (await desk.store.get("handled", message.Header.Correlation)) return;
    await HANDLERS[message.Header.Subject](desk, wellFormed(message.Header.Subject, message.Body));
  } catch (error) {
    if (!["untrusted", "refused"].includes(error.code)) throw error;
    desk.announce("refused", {
      code: error.code, problem: error.message, chat: chatOf(message), token: "",
    });
  }
  const correlation = message?.Header.Correlation;
  if (correlation) await desk.store.put("handled", { correlation, at: Desk.time() });
}

const chatOf = (message) => (isUuid(message?.Body.Chat) ? message.Body.Chat : "");

/** The message, when it is our broker's to us. It may be old: a notification waits for its wallet. */
async function checked(desk, value) {
  const message = parse(value);
  const { From: from, To: to, Subject: subject, Selector: selector } = message.Header;
  const { broker, notifier, id } = desk.state;
  if (from.toLowerCase() !== broker || message.Body.Wallet !== id) {
    throw untrusted("a notification that is not from our broker to us");
  }
  if (to.toLowerCase() !== notifier || !(subject in HANDLERS)) {
    throw untrusted(`${subject} to ${to} means nothing to this wallet`);
  }
  if (!(await isProved(message, await desk.keyring.keyOf(from, selector ?? "")))) {
    throw untrusted("a notification that our broker did not sign");
  }
  return message;
}

/** The body of a notification whose ids and domains are that and nothing else. */
function wellFormed(subject, body) {
  for (const name of NEEDED[subject]) {
    if (typeof body[name] !== "string") throw untrusted(`${subject} without ${name}`);
  }
  for (const name of ["Chat", "Token", "Hook"]) {
    if (name in body && !isUuid(body[name])) throw untrusted(`a notification whose ${name} is no id`);
  }
  for (const name of ["Issuer", "Host", "Sender"]) {
    if (name in body && !isDomain(body[name])) {
      throw untrusted(`a notification whose ${name} is no domain`);
    }
  }
  return body;
}

/** Open: make the chat's key, keep it, and only then say which it is. */
async function openChat(desk, body) {
  const fresh = await newKey(body.Chat, await desk.recovery());
  await desk.store.write(["chats", "keys", "outbox"], async (rows) => {
    const known = await rows.keys.get(body.Chat);
    if (!known) {
      await rows.keys.put(fresh);
      await rows.chats.put({
        id: body.Chat,
        hook: body.Hook ?? "",
        host: body.Host.toLowerCase(),
        title: printable(String(body.HostTitle || body.Host).slice(0, 200)),
        opened: Desk.time(),
        touched: Desk.time(),
        state: "OPEN",
        verified: false,
      });
    }
    const told = { Chat: body.Chat, PublicKey: (known ?? fresh).public };
    await rows.outbox.add(outgoing("wallet", desk.state.broker, "Opened@Broker", told));
  });
  desk.announce("change", { what: "chats", id: body.Chat });
}

/** Prompt: show that there is one, fetch what it says, and let the person answer. */
async function showPrompt(desk, body) {
  const chat = await ourChat(desk, body.Chat);
  const sender = body.Sender.toLowerCase();
  if (sender !== chat.host && sender !== desk.state.broker) {
    throw untrusted(`${sender} has no part in this chat`);
  }
  await desk.store.write(["prompts", "lines", "chats"], (rows) => announced(rows, body, sender));
  desk.announce("change", { what: "chats", id: chat.id });
  const known = await desk.store.get("prompts", body.Hook);
  if (known.state !== "fetching") return;
  const content = await contentOf(desk, known);
  const offer = content.state === "open" ? await offerOf(desk, chat, known) : null;
  await desk.store.write(["prompts", "chats"], async (rows) => {
    await rows.prompts.put({ ...known, ...content, offer });
    const row = await rows.chats.get(chat.id);
    const proved = content.state !== "expired" && sender === chat.host;
    await rows.chats.put({ ...row, verified: row.verified || proved });
  });
  desk.announce("change", { what: "chats", id: chat.id });
}

async function ourChat(desk, id) {
  const chat = await desk.store.get("chats", id);
  if (!chat) throw untrusted(`${id} is not a chat of this wallet`);
  return chat;
}

/** Keep that there is a prompt, once; a TEMP line of the same sender goes away with it. */
async function announced(rows, body, sender) {
  if (await rows.prompts.get(body.Hook)) return;
  for (const earlier of await rows.prompts.index("chat", body.Chat)) {
    if (earlier.format === "TEMP" && earlier.sender === sender && !earlier.replaced) {
      await rows.prompts.put({ ...earlier, replaced: true });
    }
  }
  const at = Desk.time();
  await rows.prompts.put({
    id: body.Hook,
    chat: body.Chat,
    sender,
    format: printable(body.Format.slice(0, 20)),
    emoji: printable(String(body.Emoji ?? "").slice(0, 16)),
    expires: isTime(body.Expires) ? body.Expires : "",
    at,
    state: "fetching",
    ...readContent({ Text: "" }),
    offer: null,
    answer: null,
    replaced: false,
  });
  await rows.lines.add({ chat: body.Chat, at, kind: "prompt", prompt: body.Hook });
  await rows.chats.put({ ...(await rows.chats.get(body.Chat)), touched: at });
}

/**
 * What a prompt says, or that nobody asks any more: unknown and out of time look alike. One that
 * cannot be believed is not shown either, and that it came is announced.
 */
async function contentOf(desk, prompt) {
  try {
    const said = await desk.ask(prompt.chat, prompt.sender, "Prompted@Host", { Prompt: prompt.id });
    return { ...readContent(said), state: isInput(prompt.format) ? "open" : "said" };
  } catch (error) {
    if (error.code === "refused") return { state: "expired" };
    if (error.code !== "untrusted") throw error;
    desk.announce("refused", {
      code: "untrusted", problem: error.message, chat: prompt.chat, token: "",
    });
    return { state: "expired" };
  }
}

/**
 * What would be saved, when this is the broker's question whether to keep a token: the broker's
 * list of offers says which, and the issuer already serves the document, so that what is in it can
 * be shown, checked, before anybody says yes.
 */
async function offerOf(desk, chat, prompt) {
  const { broker } = desk.state;
  if (prompt.sender !== broker || prompt.format !== "CONFIRM" || chat.host === broker) return null;
  let listed;
  try {
    const ask = (body) => desk.ask("wallet", broker, "Frontend@Broker", body);
    listed = (await wholeView(ask, ["Offers"])).Offers;
  } catch (error) {
    if (error.code !== "refused") throw error;
    return null; // a broker that knows no such list
  }
  const told = (Array.isArray(listed) ? listed : []).find((each) =>
    each.Chat === chat.id && isUuid(each.Token) && String(each.Issuer).toLowerCase() === chat.host);
  if (!told) return null;
  const offer = readOffer(told, chat);
  return { ...offer, ...(await preview(desk, chat, offer)) };
}

function readOffer(told, chat) {
  const text = (value) => printable(String(value ?? "").slice(0, 300));
  return {
    key: tokenKey(chat.host, told.Token),
    token: told.Token,
    issuer: chat.host,
    issuerTitle: text(told.IssuerTitle || chat.title),
    schema: text(told.Schema),
    schemaTitle: text(told.SchemaTitle || told.Schema),
    title: text(told.Title),
    starts: isTime(told.Starts) ? told.Starts : "",
    expires: isTime(told.Expires) ? told.Expires : "",
    until: isTime(told.Until) ? told.Until : "",
  };
}

async function preview(desk, chat, offer) {
  const expected = { issuer: chat.host, token: offer.token };
  try {
    const document = await desk.ask(chat.id, chat.host, "Issued@Issuer", { Token: offer.token });
    return { document, check: await believed(desk, document, expected, offer) };
  } catch (error) {
    if (!(error instanceof WalletError)) throw error;
    return { document: null, check: null }; // asked again when it is saved
  }
}

/** Save: download from the issuer, check, compare, store, and only then say that it is saved. */
async function saveToken(desk, body) {
  const chat = await ourChat(desk, body.Chat);
  const issuer = body.Issuer.toLowerCase();
  if (chat.host !== issuer) throw untrusted(`${issuer} is not the host of this chat`);
  const key = tokenKey(issuer, body.Token);
  // Stored already when the broker could not be told before: it must be told now, even if the
  // issuer serves it no more. It may answer that the copy is to be let go of.
  if (await desk.store.get("tokens", key)) {
    await desk.store.write(["outbox"], (rows) => rows.outbox.add(saved(desk, issuer, body.Token)));
    return;
  }
  const offer = await acceptedOffer(desk, chat, key);
  let document;
  try {
    document = await desk.ask(chat.id, issuer, "Issued@Issuer", { Token: body.Token });
  } catch (error) {
    if (error.code !== "refused") throw error;
    await note(desk, chat.id, { code: "token-gone", token: key, problem: "" });
    return;
  }
  const check = await believed(desk, document, { issuer, token: body.Token }, offer);
  if (!check.ok) {
    await note(desk, chat.id, { code: "token-refused", token: key, problem: check.problem });
    desk.announce("refused", {
      code: "token-refused", problem: check.problem, chat: chat.id, token: key,
    });
    return;
  }
  await keep(desk, chat.id, key, document, offer);
}

/** The offer that the person said yes to. Without a yes nothing is saved. Throws "untrusted". */
async function acceptedOffer(desk, chat, key) {
  const prompts = await desk.store.by("prompts", "chat", chat.id);
  const agreed = prompts.filter((prompt) => prompt.sender === desk.state.broker &&
    prompt.format === "CONFIRM" && prompt.answer?.result === "YES");
  const exact = agreed.find((prompt) => prompt.offer?.key === key);
  const unnamed = agreed.find((prompt) => prompt.offer === null);
  if (!exact && !unnamed) throw untrusted("a token that nobody said yes to");
  return exact?.offer ?? null;
}

async function believed(desk, document, expected, offer) {
  const check = await desk.check(document, expected);
  if (!check.ok || !offer) return check;
  const difference = differenceFromOffer(document, offer);
  if (!difference) return check;
  const message = `${difference} is not what was offered`;
  return { ...check, ok: false, problem: "other-offer", message };
}

const saved = (desk, issuer, token) =>
  outgoing("wallet", desk.state.broker, "Saved@Broker",
    { Issuer: issuer, Token: token, Path: `tokens/${tokenKey(issuer, token)}` },
    { token: tokenKey(issuer, token) });

async function keep(desk, chat, key, document, offer) {
  const titles = {
    title: offer?.title ?? "",
    issuerTitle: offer?.issuerTitle ?? "",
    schemaTitle: offer?.schemaTitle ?? "",
  };
  await desk.store.write(["tokens", "outbox", "lines", "chats"], async (rows) => {
    const at = Desk.time();
    const row = { key, document, saved: at, chat, tag: "", reported: false, ...titles };
    await rows.tokens.put(row);
    await rows.outbox.add(saved(desk, document.Issuer.toLowerCase(), document.Token));
    await addNote(rows, chat, { code: "token-saved", token: key, problem: "" });
  });
  desk.announce("change", { what: "tokens", id: key });
  desk.announce("change", { what: "chats", id: chat });
}

async function note(desk, chat, words) {
  await desk.store.write(["lines", "chats"], (rows) => addNote(rows, chat, words));
  desk.announce("change", { what: "chats", id: chat });
}

async function addNote(rows, chat, words) {
  const at = Desk.time();
  await rows.lines.add({ chat, at, kind: "note", note: words });
  const row = await rows.chats.get(chat);
  if (row) await rows.chats.put({ ...row, touched: at });
}

/** Remove: let go of a token. */
async function removeToken(desk, body) {
  const key = tokenKey(body.Issuer, body.Token);
  await desk.store.write(["tokens", "lines", "chats"], async (rows) => {
    const row = await rows.tokens.get(key);
    if (!row) return;
    await rows.tokens.delete(key);
    await addNote(rows, row.chat, { code: "token-removed", token: key, problem: "" });
  });
  desk.announce("change", { what: "tokens", id: key });
}

/** Updated: the broker's list is read anew, and a question about an offer that is over is closed. */
async function updated(desk, body) {
  if (Array.isArray(body.Updates) && body.Updates.includes("OFFERS")) await closeOffers(desk);
  await desk.refresh();
}

/** Let go of the broker's questions that it serves no more: what they offered was taken back. */
async function closeOffers(desk) {
  const isOpen = (row) => row?.state === "open" && !row.answer;
  for (const asked of await desk.store.all("prompts")) {
    if (asked.sender !== desk.state.broker || asked.format !== "CONFIRM" || !isOpen(asked)) continue;
    if ((await contentOf(desk, asked)).state !== "expired") continue;
    await desk.store.write(["prompts"], async (rows) => {
      const row = await rows.prompts.get(asked.id);
      if (isOpen(row)) await rows.prompts.put({ ...row, state: "expired" });
    });
    desk.announce("change", { what: "chats", id: asked.chat });
  }
}

const HANDLERS = {
  "Open@Notifier": openChat,
  "Prompt@Notifier": showPrompt,
  "Save@Notifier": saveToken,
  "Remove@Notifier": removeToken,
  "Updated@Notifier": updated,
};
