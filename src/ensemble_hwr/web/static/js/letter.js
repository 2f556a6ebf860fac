// A letter: its pixels as the reader sees them, and a dialog with its alternatives and how they were decided.

import { explain } from "./api.js";
import { find, make, percent, sureness } from "./dom.js";

/** Return a canvas with the 28x28 pixels of a letter. */
export function pixels(letter, size) {
  const canvas = make("canvas", { width: 28, height: 28, class: "pixels", role: "img", "aria-label": `The pixels of ${letter.letter}` });
  if (size) canvas.style.width = canvas.style.height = `${size}px`;
  const context = canvas.getContext("2d");
  const ink = Uint8Array.from(atob(letter.pixels ?? ""), (character) => character.charCodeAt(0));
  const image = context.createImageData(28, 28);
  for (let i = 0; i < ink.length; i++) image.data.set([24, 28, 40, ink[i]], 4 * i);
  context.putImageData(image, 0, 0);
  return canvas;
}

/** Return the candidates of a letter, the best first. */
export function candidates(letter) {
  return [{ letter: letter.letter, probability: letter.probability ?? 0 }, ...(letter.alternatives ?? [])];
}

/** Return a list of bars; choosing one calls a function with its letter. */
function bars(found, chosen, onChoose) {
  return make("ul", { class: "bars" }, ...found.map(({ letter, probability }) => {
    const bar = make("span", { class: "bar" });
    bar.style.inlineSize = `${Math.max(1, 100 * probability)}%`;
    const content = [make("b", {}, letter), make("span", { class: "track" }, bar), make("span", { class: "number" }, percent(probability))];
    const attributes = { type: "button", "aria-pressed": String(letter === chosen), onclick: () => onChoose?.(letter) };
    return make("li", {}, onChoose ? make("button", attributes, ...content) : make("div", {}, ...content));
  }));
}

/** Return buttons of all letters that are not among the likely ones. */
function others(letters, likely, chosen, onChoose) {
  const rest = [...letters].filter((letter) => !likely.includes(letter));
  return make("details", { class: "rest", open: rest.includes(chosen) }, make("summary", {}, "Another letter"),
    make("ul", {}, ...rest.map((letter) => make("li", {}, make("button", { type: "button", "aria-pressed": String(letter === chosen), onclick: () => onChoose(letter) }, letter)))));
}

/** Show the dialog of a letter. */
export function openLetter(letter, { explains, letters, note, chosen, onChoose }) {
  const dialog = find("#letter");
  const shown = chosen ?? letter.letter;
  find("h2", dialog).replaceChildren(`This looks like ${shown}`);
  const { word } = sureness(letter.probability ?? 0);
  const why = make("div", { class: "why" });
  const likely = candidates(letter).slice(0, 5), use = (other) => { onChoose(other); dialog.close(); };
  find(".look", dialog).replaceChildren(
    make("div", { class: "pair" },
      make("figure", {}, letter.pixels ? pixels(letter, 140) : null, make("figcaption", {}, "What the reader sees: 28 × 28 pixels")),
      make("div", {}, make("p", { class: "quiet" }, `The reader is ${word === "a guess" ? "guessing" : word}. Choose another letter if it is wrong.${note ? ` ${note}` : ""}`),
        bars(likely, shown, use), others(letters, likely.map((each) => each.letter), shown, use)),
    ),
    why,
  );
  if (explains && letter.pixels) {
    why.append(make("button", { class: "button", type: "button", onclick: () => showWhy(why, letter) }, "Why?"));
  }
  dialog.showModal();
}

async function showWhy(place, letter) {
  place.replaceChildren(make("p", { class: "quiet", role: "status" }, "One moment …"));
  let found;
  try {
    found = await explain(letter.pixels);
  } catch (error) {
    place.replaceChildren(make("p", { class: "problem" }, error.message));
    return;
  }
  place.replaceChildren(
    make("h3", {}, "Why?"),
    make("ol", { class: "steps" },
      make("li", {}, make("p", {}, make("b", {}, "The router"), " looks first, at all letters."), bars(found.router)),
      ...found.steps.map(step),
      make("li", {}, make("p", {}, make("b", {}, "Together"), found.temperature === 1 ? " they decide." : " they decide; their confidence is then corrected."), bars(found.result)),
    ),
  );
}

function step({ member, letters, trust, changes }) {
  const kind = member === "writer" ? "The profile" : member.startsWith("expert") ? "An expert" : "A specialist";
  return make("li", {},
    make("p", {}, make("b", {}, kind), member === "writer" ? ` with your ${[...letters].join(", ")} looks again.` : ` for ${[...letters].join(", ")} looks again.`, ` It is trusted by ${Math.round(100 * trust)} %.`),
    make("ul", { class: "changes" }, ...changes.map((change) =>
      make("li", {}, make("b", {}, change.letter), ` ${percent(change.before)} → ${percent(change.after)}`))),
  );
}
