// The profile of a writer: corrections are kept in it, and the reader adapts to them.

import { deleteProfile, describeProfile, keepLetters, keepPicture, keepStrokes } from "./api.js";
import { find, make, show } from "./dom.js";

const POLL = 250; // milliseconds between questions whether the reader is adapted
const MOST_POLLS = 120;
const MESSAGE = 6000; // milliseconds for which a message is shown

export class ProfileView {
  /**
   * @param {object} models what the server reads
   * @param {Function} onAdapted called when what is on the sheet should be read again
   */
  constructor(models, onAdapted) {
    this.name = models.profile ?? "";
    this.letters = models.letters;
    this.onAdapted = onAdapted;
    if (!this.isOn) return;
    document.documentElement.dataset.profile = "";
    this.dialog = find("#profile");
    find("#profile-open").addEventListener("click", () => { this.#disarm(); this.dialog.showModal(); });
    find("#profile-delete").addEventListener("click", () => this.#delete());
    find("#profile-title").textContent = `Letters of ${this.name}`;
    find("#profile-export").download = `${this.name}.npz`;
    find("#privacy").textContent = `Pictures are read by this server and are not kept; corrected letters are kept for ${this.name}.`;
    this.#follow(describeProfile());
  }

  get isOn() {
    return this.name !== "";
  }

  /** Keep letters, pairs of a letter of a result and its right label. */
  keep(pairs) {
    const known = pairs.filter(([letter, label]) => letter.pixels && this.#spelled(label));
    if (this.isOn && known.length) {
      this.#follow(keepLetters(known.map(([{ pixels }, label]) => ({ pixels, letter: label }))), true);
    }
  }

  /**
   * Keep the letters of a word with its right text. A text of as many letters belongs to the letters as they were cut;
   * another one is aligned by the server.
   */
  async keepWord(word, text, { strokes, picture }) {
    const labels = [...text.replace(/\s/g, "")];
    if (!this.isOn || !labels.length) return;
    if (labels.length === word.letters.length) this.keep(word.letters.map((letter, i) => [letter, labels[i]]));
    else if (strokes) this.#follow(keepStrokes(strokes, labels.join("")), true);
    else this.#follow(keepPicture(await picture(), labels.join("")), true);
  }

  #spelled(label) {
    return [label, label.toUpperCase(), label.toLowerCase()].some((form) => this.letters.includes(form));
  }

  /** Show the state of a request, and ask again until the reader is adapted. */
  async #follow(request, isNew = false) {
    const turn = (this.turn = (this.turn ?? 0) + 1);
    try {
      let state = await request;
      if (isNew) this.#say(state.kept ? `${count(state.kept)} kept. Adapting …` : "No letter of this word is certain enough to be kept.");
      for (let i = 0; i < MOST_POLLS && state.state === "adapting"; i++) {
        this.#render(state);
        await new Promise((resolve) => { setTimeout(resolve, POLL); });
        if (turn !== this.turn) return;
        state = await describeProfile();
      }
      this.#render(state);
      if (!isNew) return;
      if (state.kept !== 0) this.#say(state.state === "adapted" ? `Adapted to ${count(state.letters)} of ${this.name}. ${gainOf(state)}` : gainOf(state));
      this.onAdapted();
    } catch (error) {
      this.#say(error.message, true);
    }
  }

  #say(text, isProblem = false) {
    const place = find("#kept");
    place.classList.toggle("failed", isProblem);
    show(place, text);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => show(place, ""), MESSAGE);
  }

  #render(state) {
    find("#profile-open span").textContent = this.name;
    find("#profile-open b").textContent = state.letters;
    find("#profile-open").setAttribute("aria-label", `Profile ${this.name}, ${count(state.letters)}`);
    find("#profile-gain").replaceChildren(...describe(state, this.name));
    find("#profile-counts").replaceChildren(...[...this.letters].map((letter) => {
      const n = state.counts[letter] ?? 0;
      return make("li", { class: n ? "" : "none" }, make("b", {}, letter), make("span", {}, n ? String(n) : "–"));
    }));
    for (const name of ["#profile-export", "#profile-delete"]) find(name).toggleAttribute("inert", !state.letters);
    find("#profile-ends").classList.toggle("off", !state.letters);
  }

  #disarm() {
    find("#profile-delete").classList.remove("armed");
    find("#profile-delete").lastChild.textContent = "Delete";
  }

  #delete() {
    const button = find("#profile-delete");
    if (!button.classList.contains("armed")) {
      button.classList.add("armed");
      button.lastChild.textContent = "Delete all letters?";
      return;
    }
    this.#disarm();
    this.dialog.close();
    this.#follow(deleteProfile().then((state) => { this.#say(`The letters of ${this.name} are deleted.`); this.onAdapted(); return state; }));
  }
}

const count = (n) => `${n} letter${n === 1 ? "" : "s"}`;
const percent = (share) => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;

/** The estimated gain in a sentence. */
function gainOf({ state, gain }) {
  if (state === "empty" || state === "waiting") return "The reader adapts from two different letters on.";
  if (!gain?.n_samples) return "No significant gain yet: keep some letters twice.";
  const errors = `errors ${percent(gain.error_before)} → ${percent(gain.error_after)}`;
  return gain.significant ? `Significant gain: ${errors}.` : `No significant gain yet: ${errors}.`;
}

/** What the profile holds, and the estimated gain with its interval. */
function describe(state, name) {
  const { gain, letters } = state;
  if (!letters) return [make("p", {}, "Nothing is kept yet. Tap a letter or a word that was read wrongly and choose the right one. It is kept here, and the reader adapts to your hand.")];
  const parts = [make("p", { class: gain?.significant ? "gain good" : "gain" }, gainOf(state))];
  if (state.state === "adapting") parts[0].textContent = "Adapting …";
  if (gain?.n_samples) {
    const range = `between ${(100 * gain.low).toFixed(1)} and ${(100 * gain.high).toFixed(1)} points fewer`;
    parts.push(
      make("div", { class: "errors", "aria-hidden": "true" }, ...[["before", gain.error_before], ["adapted", gain.error_after]].map(([label, share]) => {
        const bar = make("span", { class: "bar" });
        bar.style.inlineSize = `${Math.max(0.5, 100 * share)}%`;
        return make("div", {}, make("span", {}, label), make("span", { class: "track" }, bar), make("span", { class: "number" }, percent(share)));
      })),
      make("p", { class: "quiet" }, `Estimated on ${count(gain.n_samples)} of ${name}, each read by a reader that was adapted without it; with 95 % confidence ${range}. Letters that were read rightly count too: keep them with “All right”.`),
    );
  }
  return parts;
}
