/** What a wallet holds, as its broker tells it in pages: the newest rows first. */

import { isMap } from "./envelope.js";

const MOST_PAGES = 200;
const TITLES = ["Domains", "Schemas"]; // of the tokens on the same page

/**
 * The lists of Frontend@Broker whole; `ask(body)` sends it and gives the answer. A broker that knows
 * no pages gives all at once.
 */
export async function wholeView(ask, sets) {
  const { More, ...view } = await ask({ Sets: sets });
  let more = More;
  for (let page = 0; page < MOST_PAGES && isMap(more) && Object.keys(more).length; page += 1) {
    const names = Object.keys(more).filter((name) => sets.includes(name));
    if (!names.length) break;
    const titles = names.includes("Tokens") ? TITLES.filter((name) => sets.includes(name)) : [];
    const cursor = Object.fromEntries(names.map((name) => [name, more[name]]));
    const older = await ask({ Sets: [...names, ...titles], Cursor: cursor });
    for (const name of [...names, ...titles]) view[name] = joined(older[name], view[name]);
    more = older.More;
  }
  return view;
}

function joined(older, newer) {
  if (Array.isArray(older) && Array.isArray(newer)) return [...older, ...newer];
  return isMap(older) && isMap(newer) ? { ...older, ...newer } : newer;
}
