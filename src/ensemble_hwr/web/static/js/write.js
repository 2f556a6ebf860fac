// The view for writing: the sheet, and what is read on it.

import { readStrokes } from "./api.js";
import { find, make, show, sureness } from "./dom.js";
import { Sheet, simplified } from "./ink.js";
import { openLetter, pixels } from "./letter.js";
import { copy, save } from "./save.js";
import { openWord } from "./word.js";

const PATIENCE = 2000; // milliseconds after which a request is given up for that of a newer sheet

const CORRECTED = { name: "sure", sign: "", word: "corrected" };

export class WriteView {
  constructor(models, words, profile) {
    this.models = models;
    this.words = words;
    this.profile = profile;
    this.page = null;
    this.corrections = new Map(); // of letters and of words, by their boxes
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
    press("#confirm", () => this.#confirm());
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
    if (this.sheet.isEmpty) {
      this.page = null;
      show(find("#write-problem"), "");
      this.#render();
    } else {
      this.read();
    }
  }

  /**
   * Read the sheet. One request at a time is sent, so that the server reads no sheet in vain; what changes meanwhile is
   * read after it, and an answer to an earlier sheet is dropped.
   */
  async read() {
    this.version += 1;
    if (this.request) {
      if (performance.now() - this.request.sent > PATIENCE) this.request.abort();
      return;
    }
    let read;
    while (!this.sheet.isEmpty && read !== this.version) {
      read = this.version;
      this.request = Object.assign(new AbortController(), { sent: performance.now() });
      await this.#readOnce(read);
      this.request = null;
    }
  }

  async #readOnce(version) {
    try {
      const page = await readStrokes(this.sheet.strokes.map(simplified), this.words.parameters, this.request.signal);
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
    const corrected = this.corrections.get(`word ${keyOf(word)}`);
    if (corrected !== undefined) return corrected;
    const spelled = word.letters.map((letter) => letter.letter).join("");
    if (spelled !== word.text || !word.letters.some((letter) => this.corrections.has(keyOf(letter)))) return word.text;
    return word.letters.map((letter) => this.corrections.get(keyOf(letter)) ?? letter.letter).join("");
  }

  get #words() {
    return (this.page?.lines ?? []).flatMap((line) => line.words);
  }

  get #letters() {
    return this.#words.flatMap((word) => word.letters);
  }

  #render() {
    const text = find("#text");
    const lines = (this.page?.lines ?? []).map((line) => make("span", { class: "line" },
      ...line.words.flatMap((word, i) => {
        const { name, sign, word: sure } = this.corrections.has(`word ${keyOf(word)}`) ? CORRECTED : sureness(word.confidence ?? 0);
        const text = this.#textOf(word) || "—";
        const button = make("button", { class: `word ${name}`, type: "button", title: sure === CORRECTED.word ? "Corrected. Tap to correct again" : `The reader is ${sure}. Tap to correct`, "aria-haspopup": "dialog", onclick: () => this.#correct(word) }, text);
        if (sign) button.append(make("span", { class: "sign", "aria-hidden": "true" }, sign));
        return i ? [" ", button] : [button];
      })));
    text.replaceChildren(...lines.flatMap((line, i) => (i ? ["\n", line] : [line])));
    text.dataset.text = this.text;
    find("#copy").disabled = find("#confirm").disabled = !this.page;
    find("#save").classList.toggle("off", !this.page);
    this.#renderBoxes();
    find("#letters").replaceChildren(...this.#letters.map((letter) => this.#card(letter)));
  }

  #renderBoxes() {
    find("#sheet .boxes").replaceChildren(...this.#letters.map((letter) => {
      const [left, top, right, bottom] = letter.box;
      const { name, sign } = this.#sureness(letter);
      const box = make("div", { class: `box ${name}` }, make("span", {}, this.#shown(letter) + sign));
      Object.assign(box.style, { left: `${left - 6}px`, top: `${top - 6}px`, width: `${right - left + 12}px`, height: `${bottom - top + 12}px` });
      return box;
    }));
  }

  #shown(letter) {
    return this.corrections.get(keyOf(letter)) ?? letter.letter;
  }

  #sureness(letter) {
    return this.corrections.has(keyOf(letter)) ? CORRECTED : sureness(letter.probability ?? 0);
  }

  #card(letter) {
    const { name, sign, word } = this.#sureness(letter);
    const others = (letter.alternatives ?? []).filter(({ probability }) => probability >= 0.01).slice(0, 2).map((other) => other.letter);
    return make("li", {}, make("button", {
      class: `card ${name}`, type: "button", onclick: () => this.#open(letter),
      "aria-label": `${this.#shown(letter)}, ${word}${others.length ? `, or ${others.join(" or ")}` : ""}. Show more`,
    }, pixels(letter), make("b", {}, this.#shown(letter), sign ? make("i", {}, sign) : null), make("small", {}, others.length ? `or ${others.join(", ")}` : word)));
  }

  #open(letter) {
    openLetter(letter, {
      explains: this.models.explains,
      letters: this.models.letters,
      note: this.profile.isOn ? `Your choice is kept for ${this.profile.name}.` : "",
      chosen: this.#shown(letter),
      onChoose: (other) => {
        if (other === letter.letter) this.corrections.delete(keyOf(letter));
        else this.corrections.set(keyOf(letter), other);
        this.#render();
        this.profile.keep([[letter, other]]);
      },
    });
  }

  #correct(word) {
    const place = this.#words.indexOf(word);
    openWord(word, {
      shown: this.#textOf(word),
      note: this.profile.isOn ? `The letters are kept for ${this.profile.name}.` : "",
      onUse: (text) => {
        const labels = [...text];
        const isSame = labels.length === word.letters.length;
        word.letters.forEach((letter, i) => {
          if (isSame && labels[i] !== letter.letter) this.corrections.set(keyOf(letter), labels[i]);
          else this.corrections.delete(keyOf(letter));
        });
        if (text === word.text) this.corrections.delete(`word ${keyOf(word)}`);
        else this.corrections.set(`word ${keyOf(word)}`, text);
        this.#render();
        this.profile.keepWord(word, text, { strokes: this.sheet.strokesIn(word.box) });
      },
      onClose: () => document.querySelectorAll("#text button")[place]?.focus(),
    });
  }

  /** Keep all letters of the sheet as they are shown: they are right. */
  #confirm() {
    const pairs = this.#words.flatMap((word) => {
      const shown = [...this.#textOf(word)];
      return shown.length === word.letters.length ? word.letters.map((letter, i) => [letter, shown[i]]) : [];
    });
    this.profile.keep(pairs);
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
