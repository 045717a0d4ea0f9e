// A video or picture with its stream drawn over it, frame by frame.

import { api } from "./api.js";
import { baseName, el } from "./dom.js";
import { DRAWABLE, drawRows } from "./drawing.js";
import { folderBrowser } from "./folder_browser.js";
import { StreamRows } from "./stream_rows.js";
import { TEXTS } from "./texts.js";
import { timeline } from "./timeline.js";

const SPEEDS = [0.1, 0.25, 0.5, 1, 2];

export function viewer(words) {
  const section = el("section", { "aria-labelledby": "viewer" }, el("h2", { id: "viewer" }, TEXTS.viewer));
  const problem = el("p", { class: "problem", role: "alert" });
  let shown = null;
  const streams = words.getAll("stream");
  const video = words.get("video");
  section.append(problem);
  if (streams.length && video) {
    open(streams, video, words.get("name") ?? baseName(video)).then(
      (found) => {
        shown = found;
        section.append(found.element);
      },
      (error) => {
        problem.textContent = error.message;
      },
    );
  } else {
    section.append(chooser());
  }
  return { section, close: () => shown?.close() };
}

function chooser() {
  const chosen = { stream: null, video: null };
  const start = el("button", { type: "button", class: "first", disabled: true }, TEXTS.open);
  start.addEventListener("click", () => {
    location.hash = `#/view?${new URLSearchParams(chosen)}`;
  });
  const pick = (name, kinds) => {
    const note = el("p", {});
    const browser = folderBrowser(kinds, (path) => {
      chosen[name] = path;
      note.textContent = baseName(path);
      start.disabled = !(chosen.stream && chosen.video);
    });
    return el("details", { open: true }, el("summary", {}, TEXTS[name]), note, browser);
  };
  return el("div", {}, el("p", {}, TEXTS.chooseStream), pick("stream", ["stream"]), pick("video", ["video", "picture"]), start);
}

async function open(streamPaths, videoPath, name) {
  const [topology, ...headers] = await Promise.all([
    api.json("/topology"),
    ...streamPaths.map((path) => api.json("/stream", { path })),
  ]);
  // A folder of numbered pictures has the rate of its stream.
  const clip = isFile(videoPath) ? { path: videoPath } : { path: videoPath, sequence_hz: headers[0].rate_hz };
  const video = await api.json("/video", clip);
  const streams = headers.map((header) => new StreamRows(header));
  for (const { header, isReadable } of streams) {
    if (!isReadable) throw new Error(TEXTS.textStream);
    if (!DRAWABLE.includes(header.dim)) throw new Error(TEXTS.notAFaceStream(header.dim));
  }
  const [times, curves] = await Promise.all([
    api.bytes("/times", clip).then((bytes) => new Float64Array(bytes)),
    api.json("/curves", { path: streamPaths[0] }),
  ]);
  return stage({ streams, topology, video, times, curves, clip, name });
}

// By its name alone; a pattern is none, and a folder seldom has such an ending.
function isFile(path) {
  return /\.[A-Za-z0-9]{2,5}$/.test(path) && !/[*?]/.test(baseName(path));
}

function stage({ streams, topology, video, times, curves, clip, name }) {
  const source = api.address("/media", { path: clip.path });
  const isPicture = video.kind === "picture";
  const film = isPicture
    ? el("img", { src: source, alt: name })
    : el("video", { src: source, preload: "auto", playsInline: true, muted: true });
  const canvas = el("canvas", { width: video.width, height: video.height, "aria-hidden": "true" });
  const context = canvas.getContext("2d");
  const told = el("output", {});
  const problem = el("p", { class: "problem", role: "alert" });
  const note = el("p", { class: "quiet" });
  const count = Math.max(1, times.length);
  let frame = -1;
  let isClosed = false;
  let what = "net";

  // Rows lie a frame each, or on a clock of their own.
  const rowOf = ({ num_rows: rows, rate_hz: rate, first_frame: first, start_s: start, is_constant: isConstant }, number) => {
    if (first !== null) return isConstant ? Math.round((times[number] - times[0] - start) * rate) : number - first;
    return rows === times.length ? number : Math.min(rows - 1, Math.round((times[number] - times[0]) * rate));
  };
  const frameOf = (row) => {
    const { num_rows: rows, rate_hz: rate, first_frame: first, start_s: start, is_constant: isConstant } = streams[0].header;
    if (first !== null && !isConstant) return row + first;
    return rows === times.length ? row : frameAt(times[0] + start + row / rate);
  };

  async function show(number) {
    frame = number;
    curve.show(number);
    let rows = streams.map((stream) => stream.at(rowOf(stream.header, number)));
    if (rows.includes(null)) {
      rows = await Promise.all(streams.map((stream) => stream.fetch(rowOf(stream.header, number))));
    }
    if (frame !== number || isClosed) return;
    drawRows(context, rows, video.width, video.height, what, topology);
    const confidence = rows[0] ? rows[0][rows[0].length - 1] : 0;
    told.textContent =
      `${TEXTS.frameOf(number, count, (times[number] - times[0] || 0).toFixed(3))}, ` +
      (confidence > 0 ? `${TEXTS.confidence} ${confidence.toFixed(2)}` : TEXTS.noFace);
    canvas.dataset.frame = String(number);
  }

  // The frame whose timestamp is nearest to the media time, which is the frame's own also where the first is not 0.
  function frameAt(wanted) {
    let low = 0;
    let high = times.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[middle] < wanted) low = middle + 1;
      else high = middle;
    }
    return low > 0 && wanted - times[low - 1] < times[low] - wanted ? low - 1 : low;
  }

  function seek(number) {
    const next = Math.min(count - 1, Math.max(0, number));
    if (isPicture) return show(next);
    film.pause();
    // Into the middle of the frame, so that rounding cannot lead to the one before.
    const end = next + 1 < times.length ? times[next + 1] : times[next] + 0.5 / video.rate_hz;
    film.currentTime = (times[next] + end) / 2;
    return undefined;
  }

  function follow(_, details) {
    if (isClosed) return;
    show(frameAt(details.mediaTime));
    film.requestVideoFrameCallback(follow);
  }

  const curve = timeline(curves, count, seek, frameOf);
  const play = el("button", { type: "button" }, TEXTS.play);
  play.addEventListener("click", () => (film.paused ? film.play() : film.pause()));
  const speed = el("select", {}, ...SPEEDS.map((value) => el("option", { value: String(value), selected: value === 1 }, `${value} x`)));
  speed.addEventListener("change", () => {
    film.playbackRate = Number(speed.value);
  });
  const kinds = [["net", TEXTS.drawNet], ["contours", TEXTS.drawContours], ["points", TEXTS.drawPoints], ["nothing", TEXTS.drawNothing]];
  const draw = el("select", {}, ...kinds.map(([value, text]) => el("option", { value }, text)));
  draw.addEventListener("change", () => {
    what = draw.value;
    show(Math.max(0, frame));
  });
  const save = el("button", { type: "button", onclick: () => saveFrame(film, canvas, `${name}-${frame + 1}.png`) }, TEXTS.save);
  const ofVideos = [
    play,
    el("button", { type: "button", onclick: () => seek(frame - 1) }, TEXTS.back),
    el("button", { type: "button", onclick: () => seek(frame + 1) }, TEXTS.forward),
    el("label", {}, TEXTS.speed, speed),
  ];
  const controls = el("div", { class: "controls" }, ...(isPicture ? [] : ofVideos), el("label", {}, TEXTS.draw, draw), save, told);

  if (isPicture) {
    film.addEventListener("load", () => show(0));
  } else {
    film.addEventListener("play", () => (play.textContent = TEXTS.pause));
    film.addEventListener("pause", () => (play.textContent = TEXTS.play));
    film.requestVideoFrameCallback(follow);
  }
  film.addEventListener("error", showPreview, { once: true });

  // A copy that every browser plays; the server makes it once.
  async function showPreview() {
    if (isPicture) {
      problem.textContent = TEXTS.cannotShow;
      return;
    }
    try {
      let preview = await api.json("/preview-state", clip);
      while (preview.state === "making" && !isClosed) {
        problem.textContent = TEXTS.makingPreview(Math.round(preview.share * 100));
        await new Promise((resolve) => setTimeout(resolve, 500));
        preview = await api.json("/preview-state", clip);
      }
      if (preview.state === "failed") throw new Error(preview.problem);
      problem.textContent = "";
      note.textContent = TEXTS.showsPreview;
      film.src = api.address("/preview", clip);
    } catch (error) {
      problem.textContent = TEXTS.cannotPlay(error.message);
    }
  }
  return {
    element: el("div", {}, el("p", {}, [name, ...streams.map(({ header }) => baseName(header.path))].join(", ")), problem, note, el("div", { class: "stage" }, film, canvas), controls, curve.element),
    close() {
      isClosed = true;
      curve.close();
      if (!isPicture) film.pause();
    },
  };
}

function saveFrame(film, canvas, name) {
  const picture = el("canvas", { width: canvas.width, height: canvas.height });
  const context = picture.getContext("2d");
  context.drawImage(film, 0, 0, canvas.width, canvas.height);
  context.drawImage(canvas, 0, 0);
  picture.toBlob((blob) => {
    const link = el("a", { href: URL.createObjectURL(blob), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }, "image/png");
}
