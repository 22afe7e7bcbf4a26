/** One chat: who is asking, what was said, and the question that waits. */

import { face, fill, h, icon, iconButton, reconcile } from "./dom.js";
import { confirmDialog } from "./dialog.js";
import { sayError, t } from "./texts.js";
import { answerForm } from "./answers.js";
import { line } from "./line.js";
import { verdict } from "./verdict.js";

const NEAR = 120; // pixels from the end, within which new lines are followed

/** The chat's screen: {element, update}. */
export function chatView(app, id) {
  const head = h("header", { class: "bar chat-bar" });
  const log = h("div", { class: "log", role: "log", "aria-label": t("chat.log"), tabindex: "0" });
  const composer = h("section", { class: "composer", "aria-label": t("chat.your-answer") });
  const element = h("section", { class: "chat" }, head, log, composer);
  const view = { app, id, head, log, composer, asked: "", element };
  view.update = () => update(view);
  return view;
}

async function update(view) {
  const chat = await view.app.wallet.chat(view.id);
  if (!chat) {
    fill(view.log, h("div", { class: "note" }, t("chat.gone")));
    fill(view.composer);
    return;
  }
  drawHead(view, chat);
  drawLines(view, chat);
  drawComposer(view, chat);
}

function drawHead(view, chat) {
  const { head } = view;
  const stamp = `${chat.title} ${chat.host} ${chat.verified} ${chat.state}`;
  if (head.stamp === stamp) return;
  head.stamp = stamp;
  fill(head, [
    h("a", { class: "icon-button up", href: "#/chats", "aria-label": t("back"), title: t("back") }, icon("back")),
    face(chat.host, chat.title),
    h("div", { class: "who" }, h("h1", { dir: "auto" }, chat.title), verdict(chat)),
    chat.state === "OPEN" && menu(view, chat),
  ]);
}

/** What else can be done in a chat: begin again, or leave. */
function menu({ app, id }, chat) {
  const act = (work) => Promise.resolve(work()).catch((error) => app.say(sayError(error), "danger"));
  const leave = () => confirmDialog({
    title: t("chat.leave-title", { host: chat.title }),
    text: t("chat.leave-text"),
    yes: t("chat.leave"),
    act: () => act(() => app.wallet.leave(id)),
  });
  const list = h("div", { class: "menu-list", popover: "auto", id: "chat-menu" }, [
    h("button", { type: "button", onclick: () => { list.hidePopover(); act(() => app.wallet.restart(id)); } }, t("chat.restart")),
    h("button", { type: "button", class: "danger", onclick: () => { list.hidePopover(); leave(); } }, t("chat.leave")),
  ]);
  return h("div", { class: "menu" }, iconButton(t("chat.menu"), "dots", { popovertarget: "chat-menu" }), list);
}

function drawLines(view, chat) {
  const { log, app } = view;
  const follows = !view.drawn || log.scrollHeight - log.scrollTop - log.clientHeight < NEAR;
  view.drawn = true;
  const items = shown(chat).map((value) => ({ key: value.id, value }));
  if (chat.state !== "OPEN") items.push({ key: "end", value: { kind: "end", text: t(`chat.${chat.state.toLowerCase()}`, { host: chat.title }) } });
  if (items.length) reconcile(log, items, (value) => line(app, value));
  else fill(log, h("div", { class: "note" }, t("chat.waiting-for-host", { host: chat.title })));
  if (follows) log.scrollTop = log.scrollHeight;
}

/** The lines to show: what was said for the time being goes when more was said. */
function shown(chat) {
  const lines = chat.lines;
  return lines
    .filter(({ prompt }, at) => prompt?.format !== "TEMP" || !lines.slice(at + 1).some((later) => later.prompt?.sender === prompt.sender))
    .map((each, at, all) => ({ ...each, host: chat.title, again: follows(all[at - 1], each) }));
}

/** Whether a line goes on where the one before it was: the same sender, unanswered between. */
function follows(before, { prompt }) {
  return Boolean(prompt && before?.prompt && before.prompt.sender === prompt.sender && !before.prompt.answer);
}

function open({ prompt }) {
  return prompt?.state === "open";
}

/** Put the oldest open question's form at the end; leave it alone while it is the same. */
function drawComposer(view, chat) {
  const waiting = chat.lines.filter(open).map(({ prompt }) => prompt);
  const [prompt] = waiting;
  const asked = prompt ? `${prompt.id} ${prompt.offer?.check?.ok} ${waiting.length}` : "";
  if (view.asked === asked) return;
  view.asked = asked;
  if (!prompt) {
    fill(view.composer);
    return;
  }
  const form = answerForm(prompt, async (reply) => {
    await view.app.wallet.answer(prompt.id, reply);
    view.log.scrollTop = view.log.scrollHeight;
    await view.update();
  });
  fill(view.composer, [
    waiting.length > 1 && h("p", { class: "quiet" }, t("chat.more-questions", { n: waiting.length - 1 })),
    form.element,
  ]);
  view.log.scrollTop = view.log.scrollHeight;
  if (matchMedia("(hover: hover)").matches || view.element.contains(document.activeElement)) form.focus();
}

