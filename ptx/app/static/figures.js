// Names of the 18 keypoints, the lines between them, and figures drawn of them.

export const NAMES = [
  "nose", "neck", "right shoulder", "right elbow", "right wrist", "left shoulder", "left elbow", "left wrist", "right hip",
  "right knee", "right ankle", "left hip", "left knee", "left ankle", "right eye", "left eye", "right ear", "left ear",
];
export const BONES = [
  [1, 2], [2, 3], [3, 4], [1, 5], [5, 6], [6, 7], [1, 8], [8, 9], [9, 10], [1, 11], [11, 12], [12, 13], [1, 0], [0, 14], [14, 16], [0, 15], [15, 17],
];
// From the head down; eyes and ears follow the nose.
export const HANDLES = [0, 1, 5, 6, 7, 2, 3, 4, 11, 12, 13, 8, 9, 10];

export const side = (index) => (NAMES[index].startsWith("left") ? "l" : NAMES[index].startsWith("right") ? "r" : "m");
const SVG = "http://www.w3.org/2000/svg";

export function element(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// A pose of the gallery, in centimetres, as a small picture.
export function figure(points) {
  const xs = points.map((p) => p[0]), ys = points.map((p) => p[1]);
  const middle = [(Math.min(...xs) + Math.max(...xs)) / 2, (Math.min(...ys) + Math.max(...ys)) / 2];
  const tall = Math.max(Math.max(...ys) - Math.min(...ys) + 34, (Math.max(...xs) - Math.min(...xs) + 24) * 1.25, 170);
  const box = [middle[0] - tall * 0.4, middle[1] - tall / 2 - 6, tall * 0.8, tall];
  const hips = [(points[8][0] + points[11][0]) / 2, (points[8][1] + points[11][1]) / 2];
  const line = (kind, ...at) => element("polyline", { class: kind, points: at.map((p) => p.slice(0, 2).join(",")).join(" ") });
  const head = [(points[16][0] + points[17][0]) / 2, (points[16][1] + points[17][1]) / 2 - 3];
  return element("svg", { viewBox: box.map((n) => n.toFixed(1)).join(" "), "aria-hidden": "true" },
    line("m", points[2], points[5]), line("m", points[1], hips), line("m", points[8], points[11]),
    line("r", points[2], points[3], points[4]), line("l", points[5], points[6], points[7]),
    line("r", points[8], points[9], points[10]), line("l", points[11], points[12], points[13]),
    element("circle", { cx: head[0].toFixed(1), cy: head[1].toFixed(1), r: 11 }));
}

// Joints in px of the photograph as OpenPose writes them.
export function openpose(joints, width, height) {
  const flat = joints.flatMap(([x, y, c]) => [Number(x.toFixed(2)), Number(y.toFixed(2)), c > 0 ? 1 : 0]);
  return JSON.stringify({ version: 1.3, canvas_width: width, canvas_height: height, people: [{ pose_keypoints_2d: flat }] });
}
