/** The form under a question: one input for each format, checked before it is sent. */

import { button, fill, h, icon } from "./dom.js";
import { sayError, t } from "./texts.js";
import { countdown } from "./countdown.js";
import { INPUTS } from "./inputs.js";

const SOON = 12 * 3600e3; // a deadline farther off is nobody's hurry

/**
 * Return {element, focus} for a prompt. `send(reply)` is called with what was answered; what it
 * throws is said under the input.
 */
export function answerForm(prompt, send) {
  const problem = h("p", { class: "error", role: "alert", id: `problem-${prompt.id}` });
  const form = { prompt, problem, described: problem.id, labelled: `text-${prompt.id}` };
  const input = (INPUTS[prompt.format] ?? INPUTS.unknown)({ ...form, reply: (reply) => deliver(form, reply) });
  form.send = send;
  form.input = input;
  form.element = h("form", { class: `answer ${prompt.format.toLowerCase()}`, novalidate: true, onsubmit: (event) => submit(event, form) }, [
    h("fieldset", { class: "plain", "aria-labelledby": form.labelled }, [input.sends ? h("div", { class: "answer-row" }, input.element, sendButton()) : input.element, problem, foot(form)]),
  ]);
  return { element: form.element, focus: () => input.focus() };
}

const sendButton = () => h("button", { class: "button primary send" }, icon("send"), h("span", {}, t("prompt.send")));

function foot(form) {
  const { prompt } = form;
  const soon = !prompt.offer && prompt.expires && new Date(prompt.expires) - Date.now() < SOON;
  const escapes = prompt.format !== "CONFIRM";
  return h("div", { class: "answer-foot" }, [
    soon && countdown("prompt.due", prompt.expires),
    escapes && prompt.nullable && button(t("prompt.skip"), { class: "bare small", onclick: () => deliver(form, { result: "OK", answer: null }) }),
    escapes && button(t("prompt.cancel"), { class: "bare small", onclick: () => deliver(form, { result: "CANCEL" }) }),
  ]);
}

async function submit(event, form) {
  event.preventDefault();
  if (!form.input.read) return;
  const { answer, problem } = form.input.read();
  fill(form.problem, problem && [icon("alert"), problem]);
  form.input.mark?.(Boolean(problem));
  if (problem) form.input.focus();
  else await deliver(form, { result: "OK", answer });
}

/** Send a reply once: while it is under way the form takes no other. */
async function deliver(form, reply) {
  const inside = form.element.firstElementChild;
  if (inside.disabled) return;
  inside.disabled = true;
  try {
    await form.send(reply);
  } catch (error) {
    fill(form.problem, icon("alert"), sayError(error));
    inside.disabled = false;
  }
}
