// The form that queues jobs.

import { api } from "./api.js";
import { announce, baseName, el } from "./dom.js";
import { folderBrowser } from "./folder_browser.js";
import { TEXTS } from "./texts.js";
import { upload } from "./upload.js";

const MODULES = {
  mesh: { module: "facemesh", input: "data", outputs: { landmarks: ".facemesh.stream" } },
  boxes: {
    module: "blazeface",
    input: "video",
    outputs: { bounding_box: ".boundingbox.stream", landmarks: ".keypoints.stream" },
  },
};

export function newJob() {
  const sources = new Map();
  const list = el("ul", { class: "sources" });
  const problem = el("p", { class: "problem", role: "alert" });
  const start = el("button", { type: "submit", class: "first" }, TEXTS.start);
  const chooser = el("input", { type: "file", multiple: true, id: "files", accept: "video/*,image/*" });
  const drop = el("div", { class: "drop" }, el("label", { for: "files" }, TEXTS.drop), chooser);
  chooser.setAttribute("aria-label", TEXTS.chooseFiles);

  function add(source) {
    const note = el("span", { class: "quiet" });
    const bar = el("progress", { max: 1, value: 0, hidden: true });
    bar.setAttribute("aria-label", source.name);
    const row = el("li", {}, el("span", { class: "name" }, source.name), bar, note);
    const remove = el("button", { type: "button", onclick: () => forget(row) }, TEXTS.remove);
    remove.setAttribute("aria-label", `${TEXTS.remove} ${source.name}`);
    row.append(remove);
    sources.set(row, { ...source, note, bar });
    list.append(row);
    problem.textContent = "";
  }

  function forget(row) {
    sources.delete(row);
    row.remove();
  }

  chooser.addEventListener("change", () => {
    for (const file of chooser.files) add({ name: file.name, file });
    chooser.value = "";
  });
  drop.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    for (const file of event.dataTransfer.files) add({ name: file.name, file });
  });

  const form = el(
    "form",
    { class: "form" },
    drop,
    el(
      "details",
      {},
      el("summary", {}, TEXTS.fromServer),
      folderBrowser(
        ["video", "picture"],
        (path) => add({ name: baseName(path), path }),
        (path) => add({ name: baseName(path), path, isSequence: true }),
      ),
    ),
    list,
    choice("find", TEXTS.find, "radio", [["mesh", TEXTS.mesh], ["boxes", TEXTS.boxes]], ["mesh"]),
    el(
      "fieldset",
      {},
      el("label", {}, TEXTS.detector, select("detector", [["back", TEXTS.detectorBack], ["front", TEXTS.detectorFront]])),
      el("label", {}, TEXTS.faces, el("input", { type: "number", name: "faces", min: "1", max: "20", value: "1" })),
    ),
    el(
      "fieldset",
      {},
      el("legend", {}, TEXTS.part),
      el("label", {}, TEXTS.from, el("input", { type: "text", name: "from", placeholder: TEXTS.timeExample, size: 12 })),
      el("label", {}, TEXTS.to, el("input", { type: "text", name: "to", placeholder: TEXTS.timeExample, size: 12 })),
      el("label", {}, TEXTS.sequenceRate, el("input", { type: "number", name: "sequence", min: "0.001", max: "10000", step: "any", value: "25" })),
    ),
    formatChoice(),
    el("div", {}, start, problem),
  );

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.textContent = "";
    if (!sources.size) {
      problem.textContent = TEXTS.noSources;
      return;
    }
    start.disabled = true;
    let count = 0;
    for (const [row, source] of [...sources]) {
      try {
        await queue(source, new FormData(form));
        forget(row);
        count += 1;
      } catch (error) {
        source.note.className = "problem";
        source.note.textContent = error.message;
      }
    }
    start.disabled = false;
    if (count) announce(TEXTS.queued(count));
  });
  return el("section", { "aria-labelledby": "new-job" }, el("h2", { id: "new-job" }, TEXTS.newJob), form);
}

async function queue(source, values) {
  if (source.file && !source.file.size) throw new Error(TEXTS.emptyFile);
  const { module, input, outputs } = MODULES[values.get("find")];
  const path = source.path ?? (await uploaded(source));
  const slash = source.path ? source.path.length - baseName(source.path).length : 0;
  const folder = source.path ? source.path.slice(0, slash) : "";
  const stem = await freeStem(folder, source.isSequence ? source.name : source.name.replace(/\.[^.]*$/, ""), Object.values(outputs));
  const write = values.getAll("write");
  const options = { detector: values.get("detector"), formats: write.filter((name) => name !== "overlay") };
  if (write.includes("overlay")) options.overlay = true;
  if (values.get("from").trim()) options.from_s = values.get("from").trim();
  if (values.get("to").trim()) options.to_s = values.get("to").trim();
  if (source.isSequence) options.sequence_hz = Number(values.get("sequence"));
  if (module === "facemesh") options.num_faces = Number(values.get("faces"));
  await api.post("/jobs", {
    module,
    name: source.name,
    inputs: { [input]: path },
    outputs: Object.fromEntries(Object.entries(outputs).map(([id, ending]) => [id, `${folder}${stem}${ending}`])),
    options,
  });
}

async function uploaded(source) {
  source.bar.hidden = false;
  source.note.className = "quiet";
  try {
    return await upload(source.file, (share) => {
      source.bar.value = share;
      source.note.textContent = TEXTS.uploading(Math.round(share * 100));
    });
  } catch (error) {
    throw new Error(TEXTS.uploadBroken(error.message));
  }
}

// Names that jobs of this page were given; their files may not be there yet.
const given = new Set();

// A name under which nothing lies yet, so that two videos of one name do not write over each other's results.
async function freeStem(folder, stem, endings) {
  const path = folder ? folder.slice(0, -1) : (await api.json("/folder")).entries[0].path;
  const names = new Set((await api.json("/folder", { path })).entries.map((entry) => entry.name));
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? stem : `${stem}-${number}`;
    if (endings.some((ending) => names.has(name + ending) || given.has(folder + name + ending))) continue;
    for (const ending of endings) given.add(folder + name + ending);
    return name;
  }
}

// The choices come from the server's table of formats; the default format is always written.
function formatChoice() {
  const fieldset = choice("write", TEXTS.write, "checkbox", [["overlay", TEXTS.overlay]], []);
  const add = (formats) => {
    const names = formats.filter((format) => !format.is_default).map(({ name }) => [name, name]);
    fieldset.querySelector("legend").after(...inputs("write", "checkbox", names, []));
  };
  // A server that cannot be reached is reported by the queue; the next visit of this view asks again.
  api.json("/formats").then(add, () => {});
  return fieldset;
}

function choice(name, title, type, choices, chosen) {
  return el("fieldset", {}, el("legend", {}, title), ...inputs(name, type, choices, chosen));
}

function inputs(name, type, choices, chosen) {
  return choices.map(([value, text]) =>
    el("label", {}, el("input", { type, name, value, checked: chosen.includes(value) }), text),
  );
}

function select(name, choices) {
  return el("select", { name }, ...choices.map(([value, text]) => el("option", { value }, text)));
}
