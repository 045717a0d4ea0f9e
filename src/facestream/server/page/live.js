// The camera of the browser: pictures go to the server, meshes come back. The newest picture wins.

import { api } from "./api.js";
import { el } from "./dom.js";
import { drawRows } from "./drawing.js";
import { TEXTS } from "./texts.js";

const WIDTH = 640;
const HEIGHT = 480;
const QUALITY = 0.8;
const MAX_UNDER_WAY = 2;
const COLUMNS = 937;
const SEQUENCE_BYTES = 4;
// Of WebSockets (RFC 6455).
const MESSAGE_TOO_BIG = 1009;

export function live() {
  const film = el("video", { playsInline: true, muted: true, width: WIDTH, height: HEIGHT });
  // A mesh is shown on the picture in which it was found, not on a later one.
  const shown = el("canvas", { width: WIDTH, height: HEIGHT, class: "picture", "aria-hidden": "true" });
  const canvas = el("canvas", { width: WIDTH, height: HEIGHT, class: "mesh", "aria-hidden": "true" });
  const stage = el("div", { class: "stage", hidden: true }, film, shown, canvas);
  const told = el("output", {});
  const problem = el("p", { class: "problem", role: "alert" });
  const news = el("p", { role: "status" });
  const start = el("button", { type: "button", class: "first" }, TEXTS.startCamera);
  const record = el("button", { type: "button", disabled: true }, TEXTS.record);
  const name = el("input", { type: "text", value: "live.facemesh.stream" });
  const controls = el("div", { class: "controls" }, start, el("label", {}, TEXTS.recordingName, name), record, told);
  let session = null;

  start.addEventListener("click", async () => {
    if (session) {
      session.close();
      return;
    }
    problem.textContent = news.textContent = "";
    if (!navigator.mediaDevices) {
      problem.textContent = TEXTS.insecure;
      return;
    }
    try {
      const camera = await navigator.mediaDevices.getUserMedia({ video: { width: WIDTH, height: HEIGHT } });
      film.srcObject = camera;
      await film.play();
      stage.hidden = false;
      session = await connect({ film, shown, canvas, camera, onFigures, onMessage, onEnd });
      start.textContent = TEXTS.stopCamera;
      record.disabled = false;
    } catch (error) {
      problem.textContent = whyNoCamera(error);
    }
  });

  record.addEventListener("click", () => {
    news.textContent = "";
    session?.record(session.isRecording ? null : name.value);
  });

  function onFigures(fps, ms) {
    told.textContent = TEXTS.liveFigures(fps, ms);
  }

  function onMessage(message) {
    problem.textContent = message.problem ?? "";
    if (message.state === "recording") session.isRecording = true;
    if (message.state === "stopped") {
      session.isRecording = false;
      news.textContent = message.path ? TEXTS.recorded(message.path, message.num_rows) : TEXTS.nothingRecorded;
    }
    record.textContent = session?.isRecording ? TEXTS.stopRecording : TEXTS.record;
  }

  function onEnd(isAsked, code) {
    session = null;
    stage.hidden = true;
    told.textContent = "";
    start.textContent = TEXTS.startCamera;
    record.disabled = true;
    record.textContent = TEXTS.record;
    if (!isAsked) problem.textContent = code === MESSAGE_TOO_BIG ? TEXTS.pictureTooLarge : TEXTS.liveEnded;
  }

  const section = el(
    "section",
    { "aria-labelledby": "live" },
    el("h2", { id: "live" }, TEXTS.live),
    el("p", { class: "quiet" }, TEXTS.liveHint),
    controls,
    problem,
    news,
    stage,
  );
  return { section, close: () => session?.close() };
}

function whyNoCamera(error) {
  if (error.name === "NotFoundError") return TEXTS.noCamera;
  if (error.name === "NotAllowedError") return TEXTS.cameraRefused;
  return TEXTS.cameraBroken(error.message || error.name);
}

async function connect({ film, shown, canvas, camera, onFigures, onMessage, onEnd }) {
  const address = new URL(api.address("/live"), location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(address);
  socket.binaryType = "arraybuffer";
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", () => reject(new Error(TEXTS.liveEnded)));
  });

  const topology = await api.json("/topology");
  const drawing = canvas.getContext("2d");
  const sent = new Map();
  const answered = [];
  let number = 0;
  let isAsked = false;
  const session = {
    isRecording: false,
    record: (name) => socket.send(JSON.stringify({ record: name })),
    close() {
      isAsked = true;
      socket.close();
    },
  };

  function send() {
    if (socket.readyState !== WebSocket.OPEN) return;
    film.requestVideoFrameCallback(send);
    // What the server has not answered yet is not added to: there is no growing lag.
    if (sent.size >= MAX_UNDER_WAY) return;
    number = (number + 1) >>> 0;
    const mine = number;
    const picture = el("canvas", { width: WIDTH, height: HEIGHT });
    picture.getContext("2d").drawImage(film, 0, 0, WIDTH, HEIGHT);
    sent.set(mine, { started: performance.now(), picture });
    picture.toBlob(
      (blob) => {
        if (socket.readyState !== WebSocket.OPEN) return;
        socket.send(new Blob([new Uint32Array([mine]), blob]));
      },
      "image/jpeg",
      QUALITY,
    );
  }

  socket.addEventListener("message", (event) => {
    if (typeof event.data === "string") {
      // Do not wait for pictures that could not be processed.
      sent.clear();
      onMessage(JSON.parse(event.data));
      return;
    }
    const [mine] = new Uint32Array(event.data.slice(0, SEQUENCE_BYTES));
    const rows = new Float32Array(event.data.slice(SEQUENCE_BYTES));
    const now = performance.now();
    const { started, picture } = sent.get(mine) ?? { started: now };
    // Those before it were passed over for it.
    for (const older of [...sent.keys()]) if (older <= mine) sent.delete(older);
    if (picture) shown.getContext("2d").drawImage(picture, 0, 0);
    drawRows(drawing, rows.length ? [rows.subarray(0, COLUMNS)] : [], WIDTH, HEIGHT, "net", topology);
    answered.push({ now, ms: now - started });
    while (answered[0].now < now - 2000) answered.shift();
    const delays = answered.map((entry) => entry.ms).sort((a, b) => a - b);
    const span = answered.length > 1 ? (now - answered[0].now) / 1000 : 1;
    onFigures((answered.length - 1) / span, delays[delays.length >> 1]);
    canvas.dataset.answers = String(Number(canvas.dataset.answers ?? 0) + 1);
    canvas.dataset.newest = String(mine);
  });

  socket.addEventListener("close", (event) => {
    for (const track of camera.getTracks()) track.stop();
    onEnd(isAsked, event.code);
  });
  film.requestVideoFrameCallback(send);
  return session;
}
