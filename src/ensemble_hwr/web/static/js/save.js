// Copying and saving.

import { make } from "./dom.js";

export function save(content, name, type = "text/plain") {
  const url = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Copy text; also where the clipboard needs a secure connection. */
export async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = make("textarea", { class: "hidden" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  const label = button.lastChild, before = label.textContent;
  if (before === "Copied") return;
  label.textContent = "Copied";
  setTimeout(() => { label.textContent = before; }, 1500);
}
