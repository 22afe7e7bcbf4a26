/**
 * The outgoing queue. A row is on disk before anything is sent; every try carries the same
 * correlation, so that it counts once; what was refused is not tried again.
 */

/**
 * Send what is due, in order; returns whether something is left that could not be sent. A peer
 * that does not answer delays only what is meant for it.
 */
export async function drain(desk) {
  const silent = new Set();
  let fault;
  for (const entry of await desk.store.all("outbox")) {
    if (silent.has(entry.to)) continue;
    try {
      const outcome = await sendOne(desk, entry);
      if (outcome === "later") silent.add(entry.to);
      else await settle(desk, entry, outcome);
    } catch (error) {
      fault ??= error; // a fault of ours: what is meant for others goes
      silent.add(entry.to);
    }
  }
  if (fault) throw fault;
  return silent.size > 0;
}

async function sendOne(desk, entry) {
  try {
    await desk.site.post(
      await desk.message(entry.as, entry.to, entry.subject, entry.body, entry.correlation));
    return "sent";
  } catch (error) {
    if (error.code === "unreachable") return "later";
    if (error.code !== "refused" && error.code !== "untrusted") throw error;
    desk.announce("refused", {
      code: "message-refused", problem: error.message, chat: entry.chat ?? "", token: entry.token ?? "",
    });
    return "refused";
  }
}

/** Take an entry off the queue and keep what became of it. */
async function settle(desk, entry, outcome) {
  await desk.store.write(["outbox", "prompts", "tokens"], async (rows) => {
    await rows.outbox.delete(entry.seq);
    const prompt = entry.prompt && (await rows.prompts.get(entry.prompt));
    if (prompt?.answer?.correlation === entry.correlation) {
      await rows.prompts.put({ ...prompt, answer: { ...prompt.answer, state: outcome } });
    }
    const token = entry.token && (await rows.tokens.get(entry.token));
    if (token && outcome === "sent") await rows.tokens.put({ ...token, reported: true });
  });
  if (entry.prompt) desk.announce("change", { what: "chats", id: entry.chat });
  if (entry.token) desk.announce("change", { what: "tokens", id: entry.token });
}
