/** The page: opens the wallet, shows the screen that the address names, and redraws on news. */

import { fill, h, icon, reconcile } from "./dom.js";
import * as texts from "./texts.js";
import { onboarding } from "./onboarding.js";
import { wearTheme } from "./theme.js";

const { t } = texts;
const LINKS = [
  { name: "chats", text: "nav.chats", icon: "chats" },
  { name: "tokens", text: "nav.tokens", icon: "tokens" },
  { name: "open", text: "nav.open", icon: "scan" },
  { name: "settings", text: "nav.settings", icon: "settings" },
];

/** Read the address: {name, id, from} of "#/tokens/theatre.test%2F...", "#/open/LOCATOR/CHAT". */
function route() {
  const [name, id = "", from = ""] = location.hash.replace(/^#\/?/, "").split("/");
  const known = LINKS.some((link) => link.name === name) ? name : "chats";
  return { name: known, id: decoded(id), from };
}

/** What percent signs stand for; text in which they stand for nothing is left as it is. */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Turn the address of a followed link, /go/{locator}, into the screen that asks about it. */
function takeLink() {
  if (!location.pathname.startsWith("/go/")) return;
  const locator = location.pathname.slice("/go/".length);
  history.replaceState(null, "", `/wallet/#/open/${encodeURIComponent(locator)}`);
}

/** Until the browser has nothing better to do, as after its first paint. */
const idle = () => new Promise((resolve) => (window.requestIdleCallback ?? window.setTimeout)(() => resolve()));

export class App {
  /** `isHere()` says whether there is a wallet; `rest()` fetches {Wallet, screens}. */
  constructor(isHere, rest) {
    this.isHere = isHere;
    this.rest = rest;
    this.wallet = null;
    this.root = document.querySelector("#app");
    this.voice = document.querySelector("#voice");
    this.toasts = document.querySelector("#toasts");
    this.views = {};
  }

  /** Show what there is: the wallet, or how to get one. Ends when all of the page is here. */
  async begin() {
    takeLink();
    wearTheme();
    await texts.speak(texts.preferred());
    try {
      if (await this.isHere()) {
        this.wallet = await (await this.walletClass()).open();
        this.live();
        return;
      }
    } catch (error) {
      fill(this.root, h("main", { class: "alone" }, h("div", { class: "notice danger", role: "alert" }, icon("alert"), h("p", {}, texts.sayError(error)))));
      return;
    }
    this.welcome();
    await idle();
    // What fails now is fetched again, and said, when it is needed.
    await this.walletClass().catch((error) => console.warn("not all of the page is here yet:", error.message));
  }

  /** Return the class of wallets, once it and the screens are here. Throws "unreachable". */
  async walletClass() {
    this.fetching ??= this.rest();
    try {
      Object.assign(this, await this.fetching);
    } catch (error) {
      this.fetching = null;
      throw error;
    }
    return this.Wallet;
  }

  welcome() {
    document.title = t("app.name");
    fill(this.root, onboarding(this));
    performance.mark("usable"); // for whoever measures
  }

  /** Begin with a wallet: the frame, its screens, and its news. */
  live() {
    for (const event of ["change", "online", "offline"]) {
      this.wallet.on(event, () => this.refresh());
    }
    this.wallet.on("refused", (news) => this.refused(news));
    this.wallet.on("removed", () => location.replace("/wallet/"));
    window.addEventListener("hashchange", () => this.navigate());
    window.setInterval(() => this.tick(), 1000);
    this.frame();
  }

  /** Draw the frame anew, as after another language was chosen. */
  frame() {
    this.nav = h("ul", { class: "nav-links" });
    this.list = h("div", { class: "pane list" });
    this.detail = h("div", { class: "pane detail", id: "detail", tabindex: "-1" });
    this.banner = h("div", { class: "banner", role: "status" });
    this.main = h("main", { id: "main" }, this.list, this.detail);
    this.views = {};
    fill(
      this.root,
      h("button", { type: "button", class: "skip", onclick: () => this.detail.focus() }, t("nav.skip")),
      h("nav", { class: "rail", "aria-label": t("nav.label") }, h("span", { class: "mark", "aria-hidden": "true" }), this.nav),
      this.banner,
      this.main,
    );
    this.navigate();
    this.screens.renewPush(this).catch((error) => console.warn("pushes may not come:", error.message));
  }

  go(path) {
    location.hash = `#/${path}`;
  }

  /** Open the screens that the address names; a list that is there stays. */
  navigate() {
    const { LISTS, DETAILS, SINGLES } = this.screens;
    const { name, id, from } = (this.route = route());
    this.main.dataset.screen = name;
    this.main.toggleAttribute("data-deep", Boolean(id) || name in SINGLES);
    if (this.listed !== name || !this.views.list) {
      this.views.list?.close?.();
      this.views.list = LISTS[name]?.(this) ?? null;
      fill(this.list, this.views.list?.element);
      this.listed = name;
    }
    this.list.hidden = !this.views.list;
    this.views.detail?.close?.();
    const make = SINGLES[name] ?? (id ? DETAILS[name] : null);
    this.views.detail = make ? make(this, id, from) : null;
    fill(this.detail, this.views.detail?.element ?? this.nothing(name));
    this.detail.scrollTop = 0;
    this.refresh();
    if (id) this.detail.focus({ preventScroll: true });
  }

  nothing(name) {
    return h("div", { class: "nothing" }, icon(name, "large"), h("p", {}, t(`${name}.choose`)));
  }

  /** Look at the wallet again. */
  refresh() {
    reconcile(
      this.nav,
      LINKS.map((link) => ({ key: link.name, value: { ...link, at: this.route.name === link.name, count: link.name === "chats" ? this.wallet.waiting : 0 } })),
      (link) => navLink(link),
    );
    fill(this.banner, this.wallet.online ? null : [icon("offline"), h("span", {}, t("offline.banner"))]);
    const count = this.wallet.waiting;
    document.title = count ? `(${count}) ${t("app.name")}` : t("app.name");
    if (count) navigator.setAppBadge?.(count).catch(() => undefined);
    else navigator.clearAppBadge?.().catch(() => undefined);
    for (const view of [this.views.list, this.views.detail]) {
      view?.update().catch((error) => this.say(texts.sayError(error), "danger"));
    }
  }

  /** Count down what is due; what has passed is drawn anew. */
  tick() {
    for (const element of this.root.querySelectorAll("[data-until]")) {
      if (new Date(element.dataset.until) <= new Date()) {
        delete element.dataset.until;
        this.refresh();
      } else {
        element.textContent = t(element.dataset.text, { when: texts.until(element.dataset.until) });
      }
    }
  }

  /** Something is not believed: say it at once, wherever the person is. */
  refused({ code, problem }) {
    const why = texts.has(`problem.${problem}`) ? t(`problem.${problem}`) : "";
    this.say(t(texts.has(`refused.${code}`) ? `refused.${code}` : "refused.untrusted", { why }), "danger");
  }

  /** Say something in passing, to eyes and ears. */
  say(text, kind = "") {
    const toast = h("p", { class: `toast ${kind}` }, icon(kind === "danger" ? "alert" : "check"), h("span", {}, text));
    this.toasts.append(toast);
    this.voice.textContent = text;
    window.setTimeout(() => toast.remove(), kind === "danger" ? 12000 : 5000);
  }
}

function navLink({ name, text, icon: drawn, at, count }) {
  const label = count ? t("nav.waiting", { n: count, what: t(text) }) : t(text);
  return h(
    "li",
    {},
    h("a", { href: `#/${name}`, "aria-current": at && "page", "aria-label": label }, icon(drawn), h("span", {}, t(text)), count > 0 && h("b", { class: "badge" }, count)),
  );
}
