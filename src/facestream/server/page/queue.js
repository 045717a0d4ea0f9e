// All jobs, live.

import { api } from "./api.js";
import { announce, baseName, clock, el } from "./dom.js";
import { TEXTS } from "./texts.js";

const PAGE = 100;
const SECONDS_TO_RECONNECT = 1;

export function queue() {
  const rows = new Map();
  const body = el("tbody", {});
  const counts = el("p", { class: "quiet" });
  const empty = el("p", { class: "quiet", hidden: true }, TEXTS.noJobs);
  const more = el("button", { type: "button", hidden: true, onclick: () => load(before) }, TEXTS.more);
  const logPanel = el("section", { hidden: true, "aria-live": "off" });
  let before = null;
  let events = null;
  let isClosed = false;

  async function load(number) {
    const page = await api.json("/jobs", { before: number ?? undefined, limit: PAGE });
    for (const job of page.jobs) show(job);
    before = page.before;
    more.hidden = before === null;
    tell(page.counts);
    return page.change;
  }

  function show(job) {
    const row = jobRow(job, { openLog });
    const old = rows.get(job.number);
    rows.set(job.number, row);
    if (old) {
      const focused = old.contains(document.activeElement) ? document.activeElement.textContent : null;
      const isOpen = old.querySelector("details")?.open;
      old.replaceWith(row);
      if (isOpen && row.querySelector("details")) row.querySelector("details").open = true;
      if (focused) [...row.querySelectorAll("a, button, summary")].find((e) => e.textContent === focused)?.focus();
      return;
    }
    const next = [...rows.keys()].filter((number) => number < job.number && rows.get(number).isConnected);
    body.insertBefore(row, next.length ? rows.get(Math.max(...next)) : null);
  }

  function tell(found) {
    counts.textContent = TEXTS.counts(found);
    empty.hidden = Object.values(found).some(Boolean);
  }

  async function follow() {
    try {
      const change = await load();
      if (isClosed) return;
      events = new EventSource(api.address("/events", { after: change }));
      events.addEventListener("jobs", (event) => {
        const { jobs, removed, counts: found } = JSON.parse(event.data);
        for (const number of removed) {
          rows.get(number)?.remove();
          rows.delete(number);
        }
        for (const job of jobs) show(job);
        tell(found);
      });
      events.addEventListener("open", () => announce(""));
      events.addEventListener("error", () => {
        announce(TEXTS.reconnecting, true);
        if (events.readyState === EventSource.CLOSED) later();
      });
    } catch {
      announce(TEXTS.reconnecting, true);
      later();
    }
  }

  function later() {
    events?.close();
    if (!isClosed) setTimeout(follow, SECONDS_TO_RECONNECT * 1000);
  }

  async function openLog(job) {
    const title = el("h2", { tabIndex: -1 }, TEXTS.logOf(job.key));
    const text = el("pre", { class: "log", tabIndex: 0 });
    const shut = el("button", { type: "button", onclick: () => close() }, TEXTS.close);
    let isOpen = true;
    const close = () => {
      isOpen = false;
      logPanel.hidden = true;
      logPanel.replaceChildren();
    };
    logPanel.replaceChildren(title, text, shut);
    logPanel.hidden = false;
    title.focus();
    while (isOpen && text.isConnected) {
      try {
        const found = await api.text(`/jobs/${job.number}/log`);
        const isAtEnd = text.scrollTop + text.clientHeight >= text.scrollHeight - 4;
        if (found !== text.textContent) text.textContent = found;
        if (isAtEnd) text.scrollTop = text.scrollHeight;
      } catch (error) {
        text.textContent = error.message;
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }

  follow();
  const titles = [TEXTS.job, TEXTS.file, TEXTS.state, TEXTS.progress, TEXTS.actions];
  const head = el("thead", {}, el("tr", {}, ...titles.map((title) => el("th", { scope: "col" }, title))));
  const section = el(
    "section",
    { "aria-labelledby": "queue" },
    el("h2", { id: "queue" }, TEXTS.queue),
    counts,
    empty,
    el("div", { class: "wide" }, el("table", {}, head, body)),
    more,
    logPanel,
  );
  const close = () => {
    isClosed = true;
    events?.close();
  };
  return { section, close };
}

function jobRow(job, { openLog }) {
  const file = Object.values(job.inputs)[0] ?? "";
  return el(
    "tr",
    { "data-number": String(job.number), "data-status": job.status },
    el("td", {}, `${job.number}`, el("br"), el("span", { class: "quiet" }, job.module.replace(/^.*[\\/]|\.trainer$/g, ""))),
    el("td", { class: "file" }, job.name || baseName(file) || job.key),
    el("td", {}, TEXTS[job.status], job.error ? el("p", { class: "problem" }, job.error) : null),
    el("td", {}, ...progressOf(job)),
    el("td", { class: "actions" }, ...actionsOf(job, openLog)),
  );
}

function progressOf(job) {
  if (job.status === "finished") {
    return [el("span", { class: "quiet" }, clock(job.ended_s - job.started_s))];
  }
  if (!job.progress) return [];
  const { session, num_sessions: sessions, num_frames: done, num_frames_total: total, fps, seconds_left: left } = job.progress;
  const bar = el("progress", total ? { max: total, value: Math.min(done, total) } : {});
  bar.setAttribute("aria-label", TEXTS.progress);
  const words = [TEXTS.frames(done, total), TEXTS.fps(fps)];
  if (left !== null) words.push(TEXTS.left(clock(left)));
  if (sessions > 1) words.unshift(TEXTS.session(session, sessions));
  return [bar, el("br"), el("span", { class: "quiet" }, words.join(", "))];
}

function actionsOf(job, openLog) {
  const act = (text, action) =>
    el("button", { type: "button", "aria-label": `${text}, ${TEXTS.job} ${job.number}`, onclick: action }, text);
  const send = (path) => async () => {
    try {
      await api.post(`/jobs/${job.number}/${path}`);
    } catch (error) {
      announce(error.message);
    }
  };
  const hasEnded = !["waiting", "running"].includes(job.status);
  const actions = [];
  const streams = job.outputs.filter((path) => path.endsWith(".stream"));
  const file = Object.values(job.inputs)[0];
  if (streams.length && file) {
    const words = new URLSearchParams({ video: file, name: job.name || baseName(file) });
    for (const stream of streams) words.append("stream", stream);
    actions.push(el("a", { class: "button", href: `#/view?${words}` }, TEXTS.view));
  }
  if (job.outputs.length) actions.push(downloads(job));
  actions.push(act(TEXTS.log, () => openLog(job)));
  if (!hasEnded) actions.push(act(TEXTS.cancel, send("cancel")));
  if (hasEnded) {
    actions.push(act(TEXTS.again, send("again")));
    actions.push(act(TEXTS.forget, () => api.remove(`/jobs/${job.number}`).catch((error) => announce(error.message))));
  }
  return actions;
}

function downloads(job) {
  const list = el("div", {});
  const details = el("details", { class: "downloads" }, el("summary", { class: "button" }, TEXTS.download), list);
  details.addEventListener("toggle", async () => {
    if (!details.open || list.childElementCount) return;
    const files = await api.json(`/jobs/${job.number}/files`);
    list.replaceChildren(
      ...files.map((file) =>
        el("a", { href: api.address(`/jobs/${job.number}/files/${file.index}`), download: "" }, baseName(file.path)),
      ),
    );
  });
  return details;
}
