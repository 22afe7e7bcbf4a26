/** Light, dark, or as the device has it. */

const KEPT = "wallet-theme";
export const THEMES = ["auto", "light", "dark"];

export const theme = () => localStorage.getItem(KEPT) ?? "auto";

/** Wear what was chosen; `choice` chooses. */
export function wearTheme(choice = theme()) {
  localStorage.setItem(KEPT, choice);
  document.documentElement.dataset.theme = choice;
}
