// Small helpers for the document.

export const find = (selector, within = document) => within.querySelector(selector);

/** Make an element with attributes, listeners (names that start with "on") and children. */
export function make(tag, attributes = {}, ...children) {
  const isSvg = ["svg", "use", "rect", "text", "g", "path"].includes(tag);
  const element = isSvg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export const icon = (name) => make("svg", { "aria-hidden": "true" }, make("use", { href: `#i-${name}` }));

/** Show a message in an element, or hide the element. */
export function show(element, message) {
  element.textContent = message ?? "";
  element.hidden = !message;
}

export const percent = (p) => (p >= 0.995 ? "over 99 %" : p < 0.005 ? "under 1 %" : `${Math.round(100 * p)} %`);

/** How sure a reading is: a class, a sign, and a word, so that it is not shown by colour alone. */
export function sureness(p) {
  if (p >= 0.9) return { name: "sure", sign: "", word: "sure" };
  if (p >= 0.6) return { name: "maybe", sign: "?", word: "not quite sure" };
  return { name: "guess", sign: "??", word: "a guess" };
}
