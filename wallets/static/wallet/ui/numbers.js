/** Numbers as people write them, and as the protocol does. */

function marks(language) {
  const parts = new Intl.NumberFormat(language, { useGrouping: "always" }).formatToParts(-12345.6);
  const of = (type) => parts.find((part) => part.type === type)?.value;
  return { point: of("decimal"), group: of("group") };
}

/**
 * Return "-1250.5" for what was typed, or null when it is no number. Points and commas count as
 * the language has them; a lone one that cannot group ("12.50" where the comma is the point) is
 * the point, because nobody means another thing by it. "1.234" is read as the language has it.
 */
export function readNumber(typed, language) {
  const { point } = marks(language);
  const other = point === "," ? "." : ",";
  let text = typed.replace(/[\s\u00a0\u202f'’]/g, "").replace(/^[+]|[€$£¥]/g, "").replace("−", "-");
  const grouped = new RegExp(`^-?\\d{1,3}(\\${other}\\d{3})+(\\${point}\\d+)?$`);
  if (grouped.test(text)) text = text.replaceAll(other, "");
  text = text.replace(text.includes(other) ? other : point, ".");
  return /^-?\d{1,15}(\.\d{1,15})?$/.test(text) ? text : null;
}

/** Write a protocol number as people of a language do. */
export function sayNumber(text, language) {
  if (!/^-?\d+(\.\d+)?$/.test(text)) return text;
  return text.replace(".", marks(language).point);
}
