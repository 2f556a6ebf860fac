// Expected words and letters: a dialog, and what requests send of it.

import { find, make } from "./dom.js";

/** Choice of expected words, which both views share. */
export class Words {
  constructor(models, onChange) {
    this.models = models;
    this.kind = "";
    this.own = [];
    this.alphabet = "";
    this.dialog = find("#words");
    this.onChange = onChange;
    const choices = [["", "Any word"], ...models.lexicons.map(({ name, words }) => [name, `${name} (${words.toLocaleString()} words)`]), ["\n", "My words"]];
    find("#lexicons").append(...choices.map(([value, label]) =>
      make("label", {}, make("input", { type: "radio", name: "lexicon", value, checked: value === "" }), label)));
    find("#all-letters").textContent = `of ${models.letters}`;
    find("#own").addEventListener("input", () => { find('#lexicons input[value="\n"]').checked = true; });
    for (const button of document.querySelectorAll("button.words")) button.addEventListener("click", () => this.dialog.showModal());
    this.dialog.addEventListener("close", () => this.#use());
  }

  #use() {
    const isUpper = this.models.letters === this.models.letters.toUpperCase();
    const spelled = (text) => (isUpper ? text.toUpperCase() : text);
    this.kind = find("#lexicons input:checked").value;
    this.own = spelled(find("#own").value).split(/[\s,;]+/).filter(Boolean);
    const wanted = new Set(spelled(find("#alphabet").value));
    this.alphabet = [...this.models.letters].filter((letter) => wanted.has(letter)).join("");
    find("#alphabet").value = this.alphabet;
    const name = this.kind === "\n" ? (this.own.length ? `My ${this.own.length} words` : "Any word") : this.kind || "Any word";
    for (const button of document.querySelectorAll("button.words span")) {
      button.textContent = this.alphabet ? `${name}, ${this.alphabet.length} letters` : name;
    }
    this.onChange();
  }

  /** Parameters of a request. */
  get parameters() {
    const own = this.kind === "\n" ? this.own : [];
    return { lexicon: this.kind === "\n" ? "" : this.kind, words: own, alphabet: this.alphabet };
  }
}
