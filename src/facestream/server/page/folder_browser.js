// The files below the data folders, to choose from.

import { api } from "./api.js";
import { el } from "./dom.js";
import { TEXTS } from "./texts.js";

// ``onFolder`` is called with a folder that is chosen as a whole, if that is allowed.
export function folderBrowser(kinds, onChoose, onFolder = null) {
  const list = el("ul", { class: "sources" });
  const place = el("p", { class: "quiet" });
  const problem = el("p", { class: "problem", role: "alert" });

  async function show(path) {
    problem.textContent = "";
    try {
      const folder = await api.json("/folder", { path });
      place.textContent = folder.path ?? "";
      const up = folder.path ? [entryRow(TEXTS.up, () => show(folder.parent))] : [];
      const whole = onFolder && folder.entries.some((entry) => entry.kind === "picture");
      if (whole) up.push(entryRow(TEXTS.folderAsClip, () => onFolder(folder.path)));
      const shown = folder.entries.filter((entry) => entry.kind === "folder" || kinds.includes(entry.kind));
      list.replaceChildren(...up, ...shown.map((entry) => entryOf(entry)));
    } catch (error) {
      problem.textContent = error.message;
    }
  }

  function entryOf(entry) {
    if (entry.kind === "folder") return entryRow(`${entry.name}/`, () => show(entry.path));
    return entryRow(entry.name, () => onChoose(entry.path));
  }

  function entryRow(name, onclick) {
    return el("li", {}, el("button", { type: "button", onclick }, name));
  }

  show();
  return el("div", {}, place, list, problem);
}
