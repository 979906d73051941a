// The picture, and over it the joints: everything in px of the photograph.

import { BONES, HANDLES, NAMES, element, side } from "./figures.js";

const REACH = 15; // px on the screen around a joint that take hold of it
const DOT = 5.5;

export class Stage {
  constructor(root) {
    this.root = root;
    this.canvas = root.querySelector("canvas");
    this.result = root.querySelector("#result");
    this.overlay = root.querySelector("#overlay");
    this.view = null;
    this.joints = [];
    this.on = {};
    this.held = -1;
    this.overlay.addEventListener("pointerdown", (event) => this.#down(event));
    this.overlay.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel"]) this.overlay.addEventListener(name, (event) => this.#up(event));
    this.overlay.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.layout()).observe(root.parentElement);
    addEventListener("resize", () => this.layout());
  }

  // x, y, width, height, px of the photograph, that are seen.
  look(view) {
    if (this.view && view.every((n, i) => n === this.view[i])) return;
    this.view = view;
    this.overlay.setAttribute("viewBox", view.join(" "));
    this.layout();
  }

  layout() {
    if (!this.view) return;
    const [, , width, height] = this.view;
    const most = parseFloat(getComputedStyle(this.root).maxHeight) || 600;
    const room = this.root.parentElement.clientWidth;
    const wide = Math.min(room, (most * width) / height);
    this.root.style.width = `${wide}px`;
    this.root.style.height = `${(wide * height) / width}px`;
    this.scale = width / wide;
    const dense = Math.min(devicePixelRatio, 2), w = Math.round(wide * dense), h = Math.round(((wide * height) / width) * dense);
    if (this.canvas.width !== w || this.canvas.height !== h) {
      this.canvas.width = w;
      this.canvas.height = h;
      this.on.redraw?.();
    }
    this.showJoints();
  }

  // Layers: [bitmap or colour, place], place x, y and px of the photograph per px of the bitmap.
  draw(layers, { unfinished = true } = {}) {
    const context = this.canvas.getContext("2d");
    const [x, y, width] = this.view, scale = this.canvas.width / width;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.imageSmoothingQuality = "high";
    for (const [what, place] of layers) {
      if (typeof what === "string") {
        context.fillStyle = what;
        context.fillRect(0, 0, this.canvas.width, this.canvas.height);
      } else {
        context.drawImage(what, (place[0] - x) * scale, (place[1] - y) * scale, what.width * place[2] * scale, what.height * place[2] * scale);
      }
    }
    if (unfinished) this.result.hidden = true;
  }

  // A finished picture over the canvas, which a browser can save with all that it says of itself.
  finish(address, text) {
    URL.revokeObjectURL(this.result.src);
    this.result.src = address;
    this.result.alt = text;
    return this.result.decode().then(() => { this.result.hidden = false; }, () => {});
  }

  // What lies over the picture. `joints` (18) x, y, confidence; `on.move(index, x, y)` and `on.end(index)` make them movable.
  setJoints(joints, { outline = [], movable = true, handles = HANDLES } = {}) {
    this.joints = joints.map((p) => [...p]);
    const same = this.overlay.childElementCount && this.handles === handles && this.movable === movable && this.outline === outline;
    Object.assign(this, { handles, movable, outline });
    if (!same) this.#build();
    this.showJoints();
  }

  #build() {
    this.parts = { bones: [], joints: new Map() };
    const group = element("g", { "aria-hidden": "true" });
    for (const polygon of this.outline) group.append(element("polygon", { class: "outline", points: polygon.map((p) => p.join(",")).join(" ") }));
    for (const kind of ["under", "bone"]) {
      for (const [a, b] of BONES) {
        const line = element("line", { class: kind === "under" ? "under" : `bone ${side(b)}` });
        this.parts.bones.push([line, a, b]);
        group.append(line);
      }
    }
    const joints = this.handles.map((index) => {
      const joint = element("g", { class: `joint ${side(index)}`, "data-index": index },
        element("circle", { class: "hit" }), element("circle", { class: "dot" }));
      if (this.movable) {
        joint.setAttribute("tabindex", "0");
        joint.setAttribute("role", "button");
        joint.setAttribute("aria-roledescription", "joint");
        joint.setAttribute("aria-label", NAMES[index]);
      }
      this.parts.joints.set(index, joint);
      return joint;
    });
    this.overlay.replaceChildren(group, ...joints);
  }

  showJoints() {
    if (!this.parts || !this.view || !this.joints.length) return;
    const scale = this.scale;
    for (const [line, a, b] of this.parts.bones) {
      const [p, q] = [this.joints[a], this.joints[b]], there = p[2] > 0 && q[2] > 0;
      line.setAttribute("visibility", there ? "visible" : "hidden");
      if (there) for (const [name, value] of [["x1", p[0]], ["y1", p[1]], ["x2", q[0]], ["y2", q[1]]]) line.setAttribute(name, value.toFixed(1));
    }
    for (const [index, joint] of this.parts.joints) {
      const [x, y, confidence] = this.joints[index];
      joint.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
      joint.classList.toggle("missing", confidence <= 0);
      joint.toggleAttribute("hidden", this.#outside(x, y));
      joint.children[0].setAttribute("r", (REACH * scale).toFixed(2));
      joint.children[1].setAttribute("r", (DOT * scale).toFixed(2));
    }
  }

  #outside(x, y) {
    const [left, top, width, height] = this.view;
    return x < left || y < top || x > left + width || y > top + height;
  }

  #at(event) {
    const box = this.overlay.getBoundingClientRect(), [left, top, width, height] = this.view;
    const x = left + ((event.clientX - box.left) / box.width) * width, y = top + ((event.clientY - box.top) / box.height) * height;
    return [Math.min(Math.max(x, left), left + width), Math.min(Math.max(y, top), top + height)];
  }

  #down(event) {
    if (!this.movable || event.button) return;
    const [x, y] = this.#at(event);
    let best = -1, least = REACH * this.scale * 1.4;
    for (const index of this.handles) {
      const far = Math.hypot(this.joints[index][0] - x, this.joints[index][1] - y);
      if (far < least) [best, least] = [index, far];
    }
    if (best < 0) return;
    event.preventDefault();
    this.held = best;
    this.grip = [this.joints[best][0] - x, this.joints[best][1] - y];
    this.overlay.setPointerCapture(event.pointerId);
    this.parts.joints.get(best).classList.add("held");
    this.on.start?.(best);
  }

  #move(event) {
    if (this.held < 0) return;
    const [x, y] = this.#at(event);
    this.#moved(this.held, x + this.grip[0], y + this.grip[1]);
  }

  #moved(index, x, y) {
    this.joints[index] = [x, y, 1];
    this.showJoints();
    this.on.move?.(index, x, y);
  }

  #up() {
    if (this.held < 0) return;
    const index = this.held;
    this.held = -1;
    this.parts.joints.get(index).classList.remove("held");
    this.on.end?.(index);
  }

  #key(event) {
    const joint = event.target.closest(".joint");
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!joint || !step || !this.movable) return;
    event.preventDefault();
    const index = Number(joint.dataset.index), far = (event.shiftKey ? 16 : 4) * this.scale;
    if (!event.repeat) this.on.start?.(index);
    const [x, y] = this.joints[index];
    this.#moved(index, x + step[0] * far, y + step[1] * far);
    clearTimeout(this.waits);
    this.waits = setTimeout(() => this.on.end?.(index), 350);
  }
}
