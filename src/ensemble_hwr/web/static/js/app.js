// The page: its two views, the theme and the keys.

import { models } from "./api.js";
import { find, show } from "./dom.js";
import { PhotoView } from "./photo.js";
import { ProfileView } from "./profile.js";
import { Words } from "./words.js";
import { WriteView } from "./write.js";

const views = {};

function select(name) {
  for (const other of ["write", "photo"]) {
    find(`#${other}`).hidden = other !== name;
    find(`#tab-${other}`).setAttribute("aria-selected", other === name);
    find(`#tab-${other}`).tabIndex = other === name ? 0 : -1;
  }
  views.shown = name;
}

function listenToTabs() {
  for (const name of ["write", "photo"]) {
    const tab = find(`#tab-${name}`);
    tab.addEventListener("click", () => select(name));
    tab.addEventListener("keydown", (event) => {
      if (!["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) return;
      const next = event.key === "Home" ? "write" : event.key === "End" ? "photo" : name === "write" ? "photo" : "write";
      select(next);
      find(`#tab-${next}`).focus();
      event.preventDefault();
    });
  }
}

function setTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  views.write?.sheet.draw();
}

function listenToTheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  setTheme(localStorage.getItem("theme"));
  dark.addEventListener("change", () => setTheme());
  find("#theme").addEventListener("click", () => {
    const isDark = (document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
    const theme = isDark ? "light" : "dark";
    localStorage.setItem("theme", theme);
    setTheme(theme);
  });
}

function listenToMenus() {
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = find("details.menu[open]");
    if (!menu) return;
    menu.open = false;
    find("summary", menu).focus();
    event.stopImmediatePropagation();
  });
  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  }
}

async function begin() {
  listenToTabs();
  listenToTheme();
  listenToMenus();
  let found;
  try {
    found = await models();
  } catch (error) {
    show(find("#write-problem"), error.message);
    return;
  }
  const words = new Words(found, () => { views.write.read(); views.photo.again(); });
  const profile = new ProfileView(found, () => views.write.read());
  views.write = new WriteView(found, words, profile);
  views.photo = new PhotoView(found, words, profile, () => select("photo"));
  find("#about").textContent = `Reads ${found.letters.length > 12 ? `${found.letters[0]} to ${found.letters.at(-1)}` : found.letters}.`;
  document.addEventListener("keydown", (event) => {
    if (views.shown !== "photo" && !find("dialog[open]") && views.write.onKey(event)) event.preventDefault();
  });
  document.documentElement.dataset.ready = "";
}

begin();
