// The dialog in which a word is corrected: by typing, or by choosing another reading.

import { make, percent } from "./dom.js";

/**
 * @param {{text: string, confidence: number, alternatives: object[]}} word as it was read
 * @param {{shown: string, note: string, onUse: Function, onClose: Function}} options `onUse` gets the right text
 */
export function openWord(word, { shown, note, onUse, onClose }) {
  const input = make("input", { value: shown, "aria-label": "The word", autocapitalize: "characters", autocomplete: "off", spellcheck: "false", maxlength: 100 });
  const use = (text) => { onUse(text); dialog.close(); };
  const others = [{ text: word.text, probability: word.confidence ?? 0 }, ...(word.alternatives ?? [])];
  const dialog = make("dialog", { class: "correct", "aria-label": "Correct a word" },
    make("form", { method: "dialog", onsubmit: (event) => { event.preventDefault(); use(input.value.trim()); } }, input, make("button", { class: "button primary" }, "OK")),
    note ? make("p", { class: "quiet" }, note) : null,
    make("ul", { class: "others" }, ...others.map(({ text, probability }) =>
      make("li", {}, make("button", { type: "button", onclick: () => use(text) }, make("b", {}, text), make("span", {}, percent(probability)))))));
  dialog.addEventListener("close", () => { dialog.remove(); onClose(); });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  document.body.append(dialog);
  dialog.showModal();
  input.select();
}
