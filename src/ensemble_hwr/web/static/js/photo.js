// The view for photographs: choosing, sending, and the picture with its words.

import { sendPictures } from "./api.js";
import { find, icon, make, show, sureness } from "./dom.js";
import { copy, save } from "./save.js";
import { openWord } from "./word.js";

export class PhotoView {
  constructor(models, words, profile, onChosen) {
    this.words = words;
    this.profile = profile;
    this.onChosen = onChosen;
    this.files = [];
    this.pages = [];
    this.#listen();
  }

  #listen() {
    const drop = find("#drop");
    for (const name of ["#choose", "#camera"]) {
      find(name).addEventListener("change", (event) => { this.read([...event.target.files]); event.target.value = ""; });
    }
    for (const name of ["dragenter", "dragover"]) {
      document.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
    }
    document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) drop.classList.remove("over"); });
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      drop.classList.remove("over");
      this.#chosen([...event.dataTransfer.files]);
    });
    document.addEventListener("paste", (event) => this.#chosen([...(event.clipboardData?.files ?? [])]));
    find("#another").addEventListener("click", () => this.#reset());
    find("#again").addEventListener("click", () => this.again());
    find("#cancel").addEventListener("click", () => this.sending?.cancel());
  }

  #chosen(files) {
    if (!files.length) return;
    this.onChosen();
    this.read(files);
  }

  #reset() {
    this.files = this.pages = [];
    find("#pages").replaceChildren();
    show(find("#photo-problem"), "");
    find("#drop").hidden = false;
    this.#offer(false);
    find("#choose").focus();
  }

  /** Read the same files with other words. */
  again() {
    if (this.files.length) this.read(this.files);
  }

  async read(files) {
    if (!files.length) return;
    this.files = files;
    this.sending?.cancel();
    const sources = await Promise.all(files.map(pictureOf));
    const options = { preview: sources.some((source) => source === null), details: this.profile.isOn };
    this.#progress(0);
    const sending = (this.sending = sendPictures(files, { ...this.words.parameters, ...options }, (part) => this.#progress(part)));
    try {
      const found = JSON.parse(await sending.done);
      this.#show(found, files, sources);
    } catch (error) {
      if (error.name === "AbortError") { if (this.sending === sending) this.#reset(); } else this.#fail(error);
    } finally {
      if (this.sending === sending) find("#progress").hidden = true;
    }
  }

  /** Show the buttons for another picture, or the same one again. */
  #offer(isShown) {
    find("#another").hidden = !isShown;
    find("#again").hidden = !(isShown && this.profile.isOn);
  }

  #progress(part) {
    const place = find("#progress"), bar = find("progress", place);
    place.hidden = false;
    find("#drop").hidden = true;
    find("#pages").replaceChildren();
    show(find("#photo-problem"), "");
    if (part < 1) bar.value = part; else bar.removeAttribute("value");
    find("p", place).textContent = part < 1 ? "Sending …" : "Reading …";
  }

  #fail(error) {
    find("#drop").hidden = false;
    this.#offer(false);
    show(find("#photo-problem"), error.message);
    this.files = [];
  }

  #show({ results, errors }, files, sources) {
    this.pages = results;
    this.#offer(true);
    show(find("#photo-problem"), errors.map(({ detail }) => `${detail}.`).join(" "));
    find("#pages").replaceChildren(...results.map((page) => {
      const index = files.findIndex((file) => file.name === page.path);
      return new PageView(page, page.preview ?? sources[Math.max(index, 0)], this).element;
    }));
    find("#photo-said").textContent = results.map((page) => page.text).join("\n") || "No words were found.";
  }

  /** Save a result in a format that the server makes. */
  async saveAs(format, name) {
    try {
      const text = await sendPictures(this.files, { ...this.words.parameters, format }, () => {}).done;
      save(text, name, "application/xml");
    } catch (error) {
      show(find("#photo-problem"), error.message);
    }
  }
}

/** A page: the picture with boxes, and its text line by line. */
class PageView {
  constructor(page, source, view) {
    this.page = page;
    this.view = view;
    this.marks = new Map();
    this.element = make("article", { class: "page" }, this.#picture(source), this.#text());
  }

  get text() {
    return this.page.lines.map((line) => line.words.map((word) => word.corrected ?? word.text).join(" ")).join("\n");
  }

  #picture(source) {
    const { width, height, lines, path } = this.page;
    const svg = make("svg", { viewBox: `0 0 ${width} ${height}`, class: "marks", "aria-hidden": "true" });
    for (const line of lines) {
      for (const word of line.words) {
        const [left, top, right, bottom] = word.box, margin = 0.08 * (bottom - top);
        const mark = make("rect", {
          x: left - margin, y: top - margin, width: right - left + 2 * margin, height: bottom - top + 2 * margin, rx: margin,
          class: sureness(word.confidence ?? 0).name,
          onpointerenter: () => this.#link(word, true), onpointerleave: () => this.#link(word, false),
          onclick: () => this.marks.get(word).button.click(),
        });
        this.marks.set(word, { mark });
        svg.append(mark);
      }
    }
    return make("figure", { class: "picture" }, make("img", { src: source, alt: `The picture ${path}` }), svg);
  }

  #text() {
    const { lines, path, page } = this.page;
    const copying = make("button", { onclick: () => copy(this.text, copying) }, icon("copy"), "Copy");
    const name = `${path.replace(/\.[^.]*$/, "")}`;
    const menu = make("details", { class: "menu" }, make("summary", {}, icon("save"), "Save"), make("div", {},
      make("button", { onclick: () => save(`${this.text}\n`, `${name}.txt`) }, "Text"),
      make("button", { onclick: () => save(this.#json(), `${name}.json`, "application/json") }, "Result (JSON)"),
      make("button", { onclick: () => this.view.saveAs("hocr", `${name}.hocr`) }, "hOCR"),
      make("button", { onclick: () => this.view.saveAs("alto", `${name}.xml`) }, "ALTO")));
    menu.addEventListener("click", (event) => { if (event.target.closest("div button")) menu.open = false; });
    const shown = lines.length ? make("ol", { class: "lines" }, ...lines.map((line) => make("li", {}, ...line.words.flatMap((word, i) => [i ? " " : "", this.#word(word)]))))
      : make("p", { class: "quiet" }, "No words were found. Is the writing dark enough, and not too small?");
    const issues = (this.page.issues ?? []).map(({ message }) => `${message[0].toUpperCase()}${message.slice(1)}.`).join(" ");
    return make("div", { class: "reading" },
      make("header", {}, make("h2", {}, page > 1 || this.view.pages.length > 1 ? `${path}, page ${page}` : "What it says"), make("div", { class: "actions" }, copying, menu)),
      issues ? make("p", { class: "issues" }, issues) : null, make("p", { class: "quiet" }, "Tap a word to correct it."), shown);
  }

  #word(word) {
    const { name, sign, word: sure } = sureness(word.confidence ?? 0);
    const button = make("button", {
      class: `word ${name}`, "aria-haspopup": "dialog",
      "aria-label": `${word.text}, ${sure}. Correct`,
      onclick: () => this.#correct(word), onpointerenter: () => this.#link(word, true), onpointerleave: () => this.#link(word, false),
      onfocus: () => this.#link(word, true), onblur: () => this.#link(word, false),
    }, make("span", {}, word.text || "—"), sign ? make("span", { class: "sign", "aria-hidden": "true" }, sign) : null);
    this.marks.get(word).button = button;
    return button;
  }

  #link(word, isOn) {
    const { mark, button } = this.marks.get(word);
    mark.classList.toggle("linked", isOn);
    button.classList.toggle("linked", isOn);
  }

  #correct(word) {
    const { button, mark } = this.marks.get(word);
    const { profile } = this.view;
    openWord(word, {
      shown: word.corrected ?? word.text,
      note: profile.isOn ? `The letters are kept for ${profile.name}.` : "",
      onUse: (text) => {
        word.corrected = text;
        button.firstChild.textContent = text || "—";
        button.classList.add("corrected");
        button.setAttribute("aria-label", `${text}, corrected. Correct again`);
        mark.classList.add("corrected");
        profile.keepWord(word, text, { picture: () => this.#cut(word.box) });
      },
      onClose: () => button.focus(),
    });
  }

  /** Return a part of the picture, with a margin, as a PNG. */
  #cut([left, top, right, bottom]) {
    const image = find("img", this.element), scale = image.naturalWidth / this.page.width;
    const margin = 0.1 * (bottom - top);
    const [x, y, width, height] = [left - margin, top - margin, right - left + 2 * margin, bottom - top + 2 * margin].map((length) => Math.round(length * scale));
    const canvas = new OffscreenCanvas(Math.max(1, width), Math.max(1, height)), context = canvas.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, width, height);
    context.drawImage(image, x, y, width, height, 0, 0, width, height);
    return canvas.convertToBlob({ type: "image/png" });
  }

  #json() {
    const lines = this.page.lines.map((line) => {
      const words = line.words.map(({ corrected, ...word }) => ({
        ...word, letters: word.letters.map(({ pixels, ...letter }) => letter), ...(corrected === undefined ? {} : { corrected }),
      }));
      return { ...line, words };
    });
    const { preview, ...page } = this.page;
    return `${JSON.stringify({ ...page, text: this.text, lines }, null, 1)}\n`;
  }
}

/** Return the address of a picture that the browser can show, or null. */
async function pictureOf(file) {
  try {
    (await createImageBitmap(file)).close();
    return URL.createObjectURL(file);
  } catch {
    return null;
  }
}
