// Draws a row of a stream over its frame.

const MESH = 937;
const KEYPOINTS = 13;
const BOX = 5;

export const DRAWABLE = [MESH, KEYPOINTS, BOX];

export function drawRow(context, row, width, height, what, topology) {
  context.clearRect(0, 0, width, height);
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
