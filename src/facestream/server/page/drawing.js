// Draws a row of a stream over its frame.

const MESH = 937;
const KEYPOINTS = 13;
const BOX = 5;
const CHIN = 152;

export const DRAWABLE = [MESH, KEYPOINTS, BOX];

// The rows of one frame, a stream each; faces that are several have their number beside them.
export function drawRows(context, rows, width, height, what, topology) {
  context.clearRect(0, 0, width, height);
  const meshes = rows.filter((row) => row?.length === MESH);
  for (const row of rows) drawRow(context, row, width, height, what, topology);
  if (meshes.length < 2 || what === "nothing") return;
  const size = Math.max(12, Math.round(Math.max(width, height) / 40));
  context.font = `600 ${size}px system-ui, sans-serif`;
  context.lineWidth = size / 5;
  context.strokeStyle = "#0c2226";
  context.fillStyle = "#2ce0f5";
  meshes.forEach((row, number) => {
    if (!(row[MESH - 1] > 0)) return;
    const place = [row[2 * CHIN + 1] * width, row[2 * CHIN] * height + 1.2 * size];
    context.strokeText(String(number + 1), ...place);
    context.fillText(String(number + 1), ...place);
  });
}

function drawRow(context, row, width, height, what, topology) {
  if (!row || !(row[row.length - 1] > 0) || what === "nothing") return;
  const unit = Math.max(width, height) / 640;
  if (row.length === BOX) {
    const [top, left, bottom, right] = row;
    context.strokeStyle = "#2ce0f5";
    context.lineWidth = 2 * unit;
    context.strokeRect(left * width, top * height, (right - left) * width, (bottom - top) * height);
    return;
  }
  const x = (point) => row[2 * point + 1] * width;
  const y = (point) => row[2 * point] * height;
  if (row.length === MESH && what === "net") {
    context.strokeStyle = "rgba(230, 255, 255, 0.45)";
    context.lineWidth = 0.6 * unit;
    context.beginPath();
    for (const [first, second] of topology.tessellation) {
      context.moveTo(x(first), y(first));
      context.lineTo(x(second), y(second));
    }
    context.stroke();
  }
  if (row.length === MESH && what !== "points") {
    context.strokeStyle = "#2ce0f5";
    context.lineWidth = 1.4 * unit;
    context.beginPath();
    for (const contour of Object.values(topology.contours)) {
      contour.forEach((point, place) => (place ? context.lineTo(x(point), y(point)) : context.moveTo(x(point), y(point))));
    }
    context.stroke();
  }
  if (row.length === KEYPOINTS || what === "points") {
    const radius = (row.length === KEYPOINTS ? 3 : 1.1) * unit;
    context.fillStyle = "#2ce0f5";
    for (let point = 0; point < (row.length - 1) / 2; point += 1) {
      context.beginPath();
      context.arc(x(point), y(point), radius, 0, 2 * Math.PI);
      context.fill();
    }
  }
}
