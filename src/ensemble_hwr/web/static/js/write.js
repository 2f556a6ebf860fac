// The view for writing: the sheet, and what is read on it.

import { readStrokes } from "./api.js";
import { find, make, show, sureness } from "./dom.js";
import { Sheet } from "./ink.js";
import { openLetter, pixels } from "./letter.js";
import { copy, save } from "./save.js";

const PAUSE = 30; // milliseconds between the lifted pen and the request: the next stroke may follow at once

export class WriteView {
  constructor(models, words) {
    this.models = models;
    this.words = words;
    this.page = null;
    this.corrections = new Map();
    this.version = 0;
    this.sheet = new Sheet(find("#sheet"), {
      onDown: () => this.#pause(), onChange: () => this.#onChange(), onTap: (x, y) => this.#tap(x, y),
    });
    const isUpper = models.letters === models.letters.toUpperCase();
    find("#hint").textContent = isUpper ? "Write here in CAPITALS" : "Write here";
    this.#listen();
    this.#render();
  }

  #listen() {
    const press = (name, action) => find(name).addEventListener("click", action);
    press("#undo", () => this.sheet.undo());
    press("#redo", () => this.sheet.redo());
    press("#clear", () => this.sheet.clear());
    press("#eraser", () => this.#toggleEraser());
    press("#lines", () => this.#toggleGuides());
    press("#copy", () => copy(this.text, find("#copy")));
    for (const button of document.querySelectorAll("[data-save]")) {
      button.addEventListener("click", () => { this.#save(button.dataset.save); find("#save").open = false; });
    }
  }

  /** Handle a key that is pressed in this view; returns whether it had a meaning. */
  onKey(event) {
    const key = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey) {
      if (key === "z" && !event.shiftKey) this.sheet.undo();
      else if (key === "y" || key === "z") this.sheet.redo();
      else return false;
      return true;
    }
    if (event.altKey || event.target.closest("input, textarea, dialog, details[open]")) return false;
    if (key === "escape") this.sheet.clear();
    else if (key === "e") this.#toggleEraser();
    else if (key === "g") this.#toggleGuides();
    else return false;
    return true;
  }

  #toggleEraser() {
    this.sheet.erasing = !this.sheet.erasing;
    find("#eraser").setAttribute("aria-pressed", this.sheet.erasing);
    find("#sheet").classList.toggle("erasing", this.sheet.erasing);
  }

  #toggleGuides() {
    this.sheet.guides = !this.sheet.guides;
    find("#lines").setAttribute("aria-pressed", this.sheet.guides);
    this.sheet.draw();
  }

  #pause() {
    clearTimeout(this.timer);
  }

  #onChange() {
    this.version += 1;
    this.lifted = performance.now();
    find("#undo").disabled = !this.sheet.past.length;
    find("#redo").disabled = !this.sheet.future.length;
    find("#clear").disabled = this.sheet.isEmpty;
    find("#sheet").classList.toggle("used", !this.sheet.isEmpty);
    this.#pause();
    this.request?.abort();
    if (this.sheet.isEmpty) {
      this.page = null;
      show(find("#write-problem"), "");
      this.#render();
    } else {
      this.timer = setTimeout(() => this.read(), PAUSE);
    }
  }

  /** Read the sheet; an answer to an earlier sheet is dropped. */
  async read() {
    if (this.sheet.isEmpty) return;
    const version = this.version;
    this.request?.abort();
    this.request = new AbortController();
    try {
      const page = await readStrokes(this.sheet.strokes, this.words.parameters, this.request.signal);
      if (version !== this.version) return;
      this.page = page;
      show(find("#write-problem"), "");
      this.#render();
      const { lifted } = this;
      requestAnimationFrame(() => performance.measure("pen lifted to word", { start: lifted }));
    } catch (error) {
      if (error.name === "AbortError" || version !== this.version) return;
      show(find("#write-problem"), error.message);
      if (error.retryAfter) this.timer = setTimeout(() => this.read(), 1000 * error.retryAfter);
    }
  }

  get text() {
    return (this.page?.lines ?? []).map((line) => line.words.map((word) => this.#textOf(word)).join(" ")).join("\n");
  }

  /** The text of a word, with the letters that were corrected. */
  #textOf(word) {
    const spelled = word.letters.map((letter) => letter.letter).join("");
    if (spelled !== word.text || !word.letters.some((letter) => this.corrections.has(keyOf(letter)))) return word.text;
    return word.letters.map((letter) => this.corrections.get(keyOf(letter)) ?? letter.letter).join("");
  }

  get #letters() {
    return (this.page?.lines ?? []).flatMap((line) => line.words.flatMap((word) => word.letters));
  }

  #render() {
    const text = find("#text");
    const lines = (this.page?.lines ?? []).map((line) => make("span", { class: "line" },
      ...line.words.flatMap((word, i) => {
        const { name, sign, word: sure } = sureness(word.confidence ?? 0);
        const span = make("span", { class: `word ${name}`, title: `The reader is ${sure}` }, this.#textOf(word));
        if (sign) span.append(make("span", { class: "sign", "aria-hidden": "true" }, sign));
        return i ? [" ", span] : [span];
      })));
    text.replaceChildren(...lines.flatMap((line, i) => (i ? ["\n", line] : [line])));
    text.dataset.text = this.text;
    find("#copy").disabled = !this.page;
    find("#save").classList.toggle("off", !this.page);
    this.#renderBoxes();
    find("#letters").replaceChildren(...this.#letters.map((letter) => this.#card(letter)));
  }

  #renderBoxes() {
    find("#sheet .boxes").replaceChildren(...this.#letters.map((letter) => {
      const [left, top, right, bottom] = letter.box;
      const { name, sign } = sureness(letter.probability ?? 0);
      const box = make("div", { class: `box ${name}` }, make("span", {}, this.#shown(letter) + sign));
      Object.assign(box.style, { left: `${left - 6}px`, top: `${top - 6}px`, width: `${right - left + 12}px`, height: `${bottom - top + 12}px` });
      return box;
    }));
  }

  #shown(letter) {
    return this.corrections.get(keyOf(letter)) ?? letter.letter;
  }

  #card(letter) {
    const { name, sign, word } = sureness(letter.probability ?? 0);
    const others = (letter.alternatives ?? []).filter(({ probability }) => probability >= 0.01).slice(0, 2).map((other) => other.letter);
    return make("li", {}, make("button", {
      class: `card ${name}`, type: "button", onclick: () => this.#open(letter),
      "aria-label": `${this.#shown(letter)}, ${word}${others.length ? `, or ${others.join(" or ")}` : ""}. Show more`,
    }, pixels(letter), make("b", {}, this.#shown(letter), sign ? make("i", {}, sign) : null), make("small", {}, others.length ? `or ${others.join(", ")}` : word)));
  }

  #open(letter) {
    openLetter(letter, {
      explains: this.models.explains,
      chosen: this.#shown(letter),
      onChoose: (other) => {
        if (other === letter.letter) this.corrections.delete(keyOf(letter));
        else this.corrections.set(keyOf(letter), other);
        this.#render();
      },
    });
  }

  #tap(x, y) {
    const found = this.#letters.find(({ box: [left, top, right, bottom] }) => x > left - 6 && x < right + 6 && y > top - 26 && y < bottom + 6);
    if (found) this.#open(found);
    return found !== undefined;
  }

  async #save(kind) {
    const { sheet, text } = this;
    if (!this.page) return;
    if (kind === "txt") save(`${text}\n`, "handwriting.txt");
    if (kind === "png") save(await sheet.toPng(), "handwriting.png");
    if (kind === "svg") save(sheet.toSvg(), "handwriting.svg", "image/svg+xml");
    if (kind === "json") save(`${JSON.stringify({ ...this.page, text }, null, 1)}\n`, "handwriting.json", "application/json");
    if (kind === "strokes") save(sheet.toJson(text), "strokes.json", "application/json");
  }
}

const keyOf = (letter) => letter.box.join(" ");
