// Curves over the whole stream, to click into.

import { el } from "./dom.js";
import { TEXTS } from "./texts.js";

const RANGES = { confidence: [0, 1], eyes: [0, 0.5], mouth: [0, 0.8], roll: [-45, 45] };

// ``frameOf`` returns the frame of the video for a row of the stream.
export function timeline(curves, count, onSeek, frameOf) {
  const canvas = el("canvas", { "aria-hidden": "true" });
  const slider = el("input", { type: "range", min: "0", max: String(Math.max(0, count - 1)), value: "0", "aria-label": TEXTS.seek });
  const names = Object.keys(curves.values);
  const legend = el("p", { class: "legend" }, ...names.map((name) => el("span", { class: name }, TEXTS[name])));
  let frame = 0;

  slider.addEventListener("input", () => onSeek(Number(slider.value)));
  canvas.addEventListener("click", (event) => {
    const share = event.offsetX / canvas.clientWidth;
    onSeek(Math.min(count - 1, Math.max(0, Math.round(share * (count - 1)))));
  });
  const observer = new ResizeObserver(draw);
  observer.observe(canvas);

  function draw() {
    const scale = devicePixelRatio;
    const width = (canvas.width = Math.round(canvas.clientWidth * scale));
    const height = (canvas.height = Math.round(canvas.clientHeight * scale));
    const context = canvas.getContext("2d");
    const at = (row) => (frameOf(row) / Math.max(1, count - 1)) * width;
    shadeGaps(context, at, height);
    names.forEach((name, place) => {
      const [low, high] = RANGES[name];
      const top = (place * height) / names.length + 4 * scale;
      const tall = height / names.length - 8 * scale;
      context.strokeStyle = getComputedStyle(legend.children[place]).color;
      context.lineWidth = 1.5 * scale;
      context.beginPath();
      let isDown = false;
      curves.values[name].forEach((value, number) => {
        if (value === null) {
          isDown = false;
          return;
        }
        const y = top + tall * (1 - Math.min(1, Math.max(0, (value - low) / (high - low))));
        if (isDown) context.lineTo(at(curves.rows[number]), y);
        else context.moveTo(at(curves.rows[number]), y);
        isDown = true;
      });
      context.stroke();
    });
    context.fillStyle = getComputedStyle(canvas).color;
    context.fillRect((frame / Math.max(1, count - 1)) * width - scale / 2, 0, 1.5 * scale, height);
  }

  function shadeGaps(context, at, height) {
    context.fillStyle = "rgba(160, 60, 60, 0.25)";
    curves.values.confidence.forEach((value, number) => {
      if (value !== null) return;
      const left = at(curves.rows[number]);
      const right = at(curves.rows[Math.min(curves.rows.length - 1, number + 1)]);
      context.fillRect(left, 0, Math.max(1, right - left), height);
    });
  }

  const element = el("div", { class: "timeline" }, canvas, slider, legend);
  return {
    element,
    close: () => observer.disconnect(),
    show(number) {
      frame = number;
      slider.value = String(number);
      draw();
    },
  };
}
