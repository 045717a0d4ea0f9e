// The views, by the part of the address behind #.

import { announce, el } from "./dom.js";
import { live } from "./live.js";
import { newJob } from "./new_job.js";
import { queue } from "./queue.js";
import { TEXTS } from "./texts.js";
import { viewer } from "./viewer.js";

const VIEWS = { "#/": TEXTS.queue, "#/view": TEXTS.viewer, "#/live": TEXTS.live };
let close = () => {};

function show() {
  close();
  announce("");
  const [path, query = ""] = (location.hash || "#/").split("?");
  const main = document.getElementById("main");
  const navigation = Object.entries(VIEWS).map(([href, text]) => {
    const link = el("a", { href }, text);
    if (href === path) link.setAttribute("aria-current", "page");
    return link;
  });
  document.getElementById("navigation").replaceChildren(...navigation);
  if (path === "#/view" || path === "#/live") {
    const view = path === "#/view" ? viewer(new URLSearchParams(query)) : live();
    close = view.close;
    main.replaceChildren(view.section);
  } else {
    const jobs = queue();
    close = jobs.close;
    main.replaceChildren(newJob(), jobs.section);
  }
}

addEventListener("hashchange", show);
show();
