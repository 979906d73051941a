// The page: what is known, what is wanted next, and what of it is shown.

import { getBlob, getJson, openLine, post, posedOf } from "./api.js";
import { animateCommand, commandOf, needsPoseFile } from "./command.js";
import { HANDLES, figure, openpose } from "./figures.js";
import { busy, calm, complain, progress } from "./messages.js";
import { Stage } from "./stage.js";
import { tabs } from "./tabs.js";

const $ = (id) => document.getElementById(id);
const stage = new Stage($("stage"));

const state = {
  person: null, // id, names, width, height, frame, keypoints, outline, body, joints
  photograph: null, background: null, // bitmaps
  body: null, joints: null, pose: { kind: "own", name: "" },
  look: { yaw: 0, pitch: 0, background: "source", proportions: "source", mend: false, engine: "surface" },
  shown: "photograph",
  draft: null, // bitmap and its place
  corrected: null, // keypoints that were moved on the photograph
  files: [], past: [],
};

const line = openLine((what, data) => {
  if (what === "progress") progress(data.done / data.total, data.text, data.job === "video" ? ["video-bar", "video-text"] : undefined);
  if (what === "lost" && state.person) reread("The server was started again.");
});

// ---- the photograph

async function take(files, example = false) {
  if (!example && !files.length) return;
  calm();
  busy(`Reading the photograph${files.length > 1 ? "s" : ""} and finding the person…`, "The first time takes up to a minute.");
  try {
    const session = await line.ready();
    const answer = await post("api/people", { photographs: example ? null : files, example, session });
    state.files = files;
    await settle(await answer.json(), example ? ["example.jpg"] : files.map((file) => file.name));
  } catch (error) {
    busy();
    complain(error);
  }
}

// Show a person who was read; the pose begins anew.
async function settle(person, names) {
  const photograph = await createImageBitmap(await getBlob(`api/people/${person.person}/photograph`));
  Object.assign(state, {
    person: { ...person, id: person.person, names }, photograph, background: null, draft: null, corrected: null, past: [],
    body: person.body, joints: person.joints, pose: { kind: "own", name: "" }, shown: "photograph",
  });
  Object.assign(state.look, { yaw: 0, pitch: 0, background: "source", proportions: "source" });
  thumbnail();
  busy();
  render();
  $("tab-gallery").focus({ preventScroll: true });
  fetchBackground(person.person);
}

async function fetchBackground(id) {
  try {
    const background = await createImageBitmap(await getBlob(`api/people/${id}/background`));
    if (state.person?.id === id) { state.background = background; redraw(); }
  } catch (error) { if (error.status !== 404) complain(error); }
}

// The person of the photograph, from the head to the hips.
function thumbnail() {
  const { photograph, person } = state, small = document.createElement("canvas");
  [small.width, small.height] = [88, 112];
  const seen = [0, 1, 2, 5, 8, 11].map((index) => person.keypoints[index]).filter((p) => p[2] > 0);
  const sides = [0, 1].map((axis) => seen.map((p) => p[axis] * (photograph.width / person.width)));
  const [left, top, right, bottom] = [Math.min(...sides[0]), Math.min(...sides[1]), Math.max(...sides[0]), Math.max(...sides[1])];
  const high = Math.min(Math.max((bottom - top) * 1.5, (right - left) * 1.6, 24), photograph.height, photograph.width * (112 / 88));
  const wide = high * (88 / 112), within = (at, size, whole) => Math.min(Math.max(at - size / 2, 0), whole - size);
  const x = within((left + right) / 2, wide, photograph.width), y = within((top + bottom) / 2 - high * 0.08, high, photograph.height);
  small.getContext("2d").drawImage(photograph, x, y, wide, high, 0, 0, 88, 112);
  small.toBlob((blob) => { $("thumbnail").src = URL.createObjectURL(blob); });
}

// The server has forgotten the person, or its painter has died: read them again, keep the pose.
async function reread(why) {
  $("alert-text").textContent = `${why} The person is read again.`;
  $("alert").hidden = false;
  busy("Reading the person again…");
  try {
    const known = state.corrected ?? null;
    let answer;
    try {
      answer = await post(`api/people/${state.person.id}`, { keypoints: known });
    } catch (error) {
      if (error.status !== 404) throw error;
      const example = !state.files.length;
      answer = await post("api/people", { photographs: state.files, example, keypoints: known, session: await line.ready() });
    }
    const person = await answer.json();
    Object.assign(state.person, person, { id: person.person });
    busy();
    if (state.shown === "picture") full();
  } catch (error) {
    busy();
    complain(error);
  }
}

async function readAgain() {
  busy("Reading the person again, with these joints…");
  try {
    const keypoints = state.corrected;
    const answer = await post(`api/people/${state.person.id}`, { keypoints });
    await settle(await answer.json(), state.person.names);
  } catch (error) {
    busy();
    complain(error);
  }
}

// ---- the pose

async function choose(fields, pose, text) {
  if (!state.person) return;
  calm();
  busy(text);
  try {
    const answer = await post("api/pose", { person: state.person.id, ...fields });
    const { body, joints } = await answer.json();
    remember();
    Object.assign(state, { body, joints, pose, shown: "picture", draft: null });
    Object.assign(state.look, { yaw: 0, pitch: 0 });
    if (!body.pose_id && state.look.background === "pose") state.look.background = "source";
    render();
    draft();
    await full();
  } catch (error) {
    busy();
    handle(error);
  }
}

function remember() {
  state.past.push({ body: state.body, joints: state.joints, pose: state.pose, look: { ...state.look } });
  if (state.past.length > 50) state.past.shift();
}

function undo() {
  const before = state.past.pop();
  if (!before) return;
  Object.assign(state, before, { shown: "picture" });
  render();
  draft();
  full();
}

// ---- painting: drafts while something moves, then the picture itself

const draftable = () => state.look.background !== "pose" && state.look.engine === "surface";
const fieldsOf = (look = state.look) => ({ person: state.person.id, body: state.body, ...look, mend: look.mend });
let waiting = null, drafting = false, current = null;

function draft(moved = null) {
  current?.abort();
  if (!draftable()) return;
  waiting = moved ?? {};
  if (!drafting) pump();
}

async function pump() {
  drafting = true;
  while (waiting) {
    const moved = waiting, { person } = state;
    waiting = null;
    try {
      const look = { ...state.look, background: "none", mend: false };
      const response = await post("api/transfer", { ...fieldsOf(look), ...moved, size: "draft" });
      const posed = posedOf(response), bitmap = await createImageBitmap(await response.blob());
      if (person !== state.person) continue; // another was taken meanwhile
      state.draft = { bitmap, place: posed.place };
      if (moved.joint !== undefined) {
        state.body = posed.body; // the turn is in it now
        Object.assign(state.look, { yaw: 0, pitch: 0 });
        state.pose = { kind: "hand", name: "" };
      }
      const held = stage.held < 0 ? null : stage.joints[stage.held];
      state.joints = posed.joints;
      redraw();
      if (state.shown === "picture") {
        const joints = posed.joints.map((p) => [...p]);
        if (held) joints[stage.held] = held;
        stage.setJoints(joints, overlayOf());
      }
    } catch (error) {
      if (error.status === 429) continue;
      waiting = null;
      handle(error);
    }
  }
  drafting = false;
  if (fullWanted) { fullWanted = false; full(); }
}

let fullWanted = false;
async function full() {
  if (!state.person || state.shown !== "picture") return;
  if (drafting) { fullWanted = true; return; }
  current?.abort();
  const mine = (current = new AbortController()), { person } = state;
  busy(state.look.mend ? "Painting and mending…" : "Painting…");
  try {
    const response = await again(() => post("api/transfer", { ...fieldsOf(), size: "screen", format: state.look.background === "none" ? "png" : "jpg" }, mine.signal));
    const posed = posedOf(response), blob = await response.blob();
    if (mine.signal.aborted || waiting || person !== state.person) return;
    state.joints = posed.joints;
    const address = URL.createObjectURL(blob);
    render();
    await stage.finish(address, `The person in the pose${state.pose.name ? ` ${state.pose.name}` : ""}`);
    busy();
  } catch (error) {
    if (error.name !== "AbortError") { busy(); handle(error); }
  }
}

// While the queue is full, try again.
async function again(ask, words = "busy-text") {
  for (let wait = 1000; ; wait = Math.min(wait * 1.5, 8000)) {
    try { return await ask(); } catch (error) {
      if (error.status !== 429) throw error;
      $(words).textContent = "Others are being painted: waiting…";
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}

function handle(error) {
  if (error.status === 503) reread("The painter had stopped and was started anew.");
  else if (error.status === 404 && state.person) reread("The server did not know the person any more.");
  else complain(error);
}

// ---- what is seen

const corrected = () => state.corrected ?? state.person.keypoints.map((p, index) => (p[2] > 0 ? p : [...state.person.joints[index].slice(0, 2), 0]));
const overlayOf = () => (state.shown === "photograph"
  ? { outline: state.person.outline, handles: HANDLES }
  : { outline: NONE, handles: HANDLES, movable: draftable() });
const NONE = [];

function redraw(options) {
  if (!state.person) return;
  const { look, photograph, background } = state;
  const whole = (bitmap) => [bitmap, [0, 0, state.person.width / bitmap.width]];
  if (state.shown === "photograph") return stage.draw([whole(photograph)], options);
  const layers = [];
  if (look.background === "source" || look.background === "pose") layers.push(whole(background ?? photograph));
  else if (look.background !== "none") layers.push([look.background]);
  if (state.draft) layers.push([state.draft.bitmap, state.draft.place]);
  stage.draw(layers, options);
}
stage.on.redraw = () => redraw({ unfinished: false });

function render() {
  const { person, look, shown } = state, picture = shown === "picture";
  document.body.classList.toggle("working", Boolean(person));
  $("stage").classList.toggle("empty", !person);
  $("drop").hidden = Boolean(person);
  $("tools").hidden = !person;
  $("overlay").toggleAttribute("hidden", !person || !$("show-joints").checked || (picture && !draftable()));
  for (const [id, on] of [["show-photograph", !picture], ["show-picture", picture]]) $(id).setAttribute("aria-pressed", String(on));
  const posed = state.pose.kind !== "own" || state.past.length > 0 || picture;
  $("show-picture").disabled = !person;
  $("undo").disabled = !state.past.length;
  step("step-photograph", person ? "done" : "current");
  step("step-pose", !person ? "" : posed ? "done open" : "current open");
  step("step-picture", !person || !posed ? "" : "current open");
  $("person").hidden = !person;
  $("again").hidden = !state.corrected || picture;
  if (!person) { $("hint").textContent = ""; return; }
  $("person-name").textContent = person.names.join(", ");
  const seen = HANDLES.filter((index) => person.keypoints[index][2] > 0).length;
  $("person-note").textContent = `${seen} of ${HANDLES.length} joints found`;
  $("hint").textContent = !picture ? (state.corrected ? "" : "Is a joint in the wrong place? Drag it. Else choose a pose.")
    : draftable() ? "Drag a joint: the picture follows." : "";
  const wide = picture && !["source", "pose"].includes(look.background);
  stage.look(wide ? person.frame : [0, 0, person.width, person.height]);
  $("stage").classList.toggle("plain", wide && look.background === "none");
  stage.setJoints(picture ? state.joints : corrected(), overlayOf());
  redraw();
  for (const name of ["yaw", "pitch"]) { $(name).value = look[name]; $(`${name}-value`).textContent = `${look[name]}°`; }
  const named = ["source", "pose", "none"].includes(look.background);
  $("background").value = named ? look.background : "colour";
  $("background").querySelector("[value=pose]").disabled = !state.body.pose_id;
  $("colour").hidden = named;
  $("proportions").value = look.proportions;
  $("proportions").disabled = !state.body.betas;
  $("mend").checked = look.mend;
  $("command").textContent = commandOf(state);
  $("save-pose").hidden = !needsPoseFile(state);
  for (const button of $("gallery").children) button.setAttribute("aria-pressed", String(state.pose.kind === "gallery" && button.title === state.pose.name));
}

function step(id, kinds) {
  $(id).className = `step ${kinds}`;
  if (kinds.includes("current")) $(id).setAttribute("aria-current", "step"); else $(id).removeAttribute("aria-current");
}

// ---- what people do

stage.on.start = () => { if (state.shown === "picture") remember(); };
stage.on.move = (index, x, y) => {
  if (state.shown === "photograph") {
    state.corrected = corrected().map((p, k) => (k === index ? [x, y, 1] : p));
    $("again").hidden = false;
    $("hint").textContent = "";
  } else draft({ joint: index, x, y });
};
stage.on.end = () => {
  if (state.shown === "photograph") return;
  $("undo").disabled = false;
  full();
};

function show(what) {
  state.shown = what;
  render();
  if (what === "picture") { if (!state.draft) draft(); full(); } else { current?.abort(); busy(); }
}
$("show-photograph").addEventListener("click", () => show("photograph"));
$("show-picture").addEventListener("click", () => show("picture"));
$("show-joints").addEventListener("change", render);
$("undo").addEventListener("click", undo);
$("again").addEventListener("click", readAgain);
$("photographs").addEventListener("change", (event) => { take([...event.target.files]); event.target.value = ""; });
$("example").addEventListener("click", () => take([], true));
$("change").addEventListener("click", () => $("photographs").click());
$("own-pose").addEventListener("click", () => {
  remember();
  Object.assign(state, { body: state.person.body, joints: state.person.joints, pose: { kind: "own", name: "" }, draft: null });
  Object.assign(state.look, { yaw: 0, pitch: 0 });
  show("picture");
});
$("pose-file").addEventListener("change", (event) => {
  const [file] = event.target.files;
  event.target.value = "";
  if (!file) return;
  $("pose-file-name").textContent = file.name;
  choose({ pose: file }, { kind: "file", name: file.name }, "Reading the pose…");
});

for (const name of ["yaw", "pitch"]) {
  $(name).addEventListener("pointerdown", remember);
  $(name).addEventListener("input", () => {
    state.look[name] = Number($(name).value);
    state.shown = "picture";
    $(`${name}-value`).textContent = `${state.look[name]}°`;
    draft();
  });
  $(name).addEventListener("change", () => { render(); full(); });
}
function relook(change) {
  Object.assign(state.look, change);
  state.shown = "picture";
  render();
  draft();
  full();
}
$("background").addEventListener("change", () => { const value = $("background").value; relook({ background: value === "colour" ? $("colour").value : value }); });
$("colour").addEventListener("change", () => relook({ background: $("colour").value }));
$("proportions").addEventListener("change", () => relook({ proportions: $("proportions").value }));
$("mend").addEventListener("change", () => relook({ mend: $("mend").checked }));
$("engine").addEventListener("change", () => relook({ engine: $("engine").value }));

async function save(path, fields, name, text) {
  busy(text);
  try {
    const response = await again(() => post(path, { person: state.person.id, session: line.name(), ...fields }));
    download(await response.blob(), name);
  } catch (error) { handle(error); }
  busy();
}
function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
const round = () => ({ ...fieldsOf(), yaw: "0:360:15" });
$("save-png").addEventListener("click", () => save("api/transfer", fieldsOf(), "ptx.png", "Painting…"));
$("save-transparent").addEventListener("click", () => save("api/transfer", fieldsOf({ ...state.look, background: "none" }), "ptx-transparent.png", "Painting…"));
$("save-gif").addEventListener("click", () => save("api/view", { ...round(), format: "gif" }, "ptx.gif", "Turning…"));
$("save-mp4").addEventListener("click", () => save("api/view", { ...round(), format: "mp4" }, "ptx.mp4", "Turning…"));
$("save-glb").addEventListener("click", () => save("api/avatar", {}, "ptx.glb", "Writing the model…"));
$("save-pose").addEventListener("click", () => download(new Blob([openpose(state.joints, state.person.width, state.person.height)], { type: "application/json" }), "pose.json"));
$("copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText($("command").textContent);
  $("copy").textContent = "Copied";
  setTimeout(() => { $("copy").textContent = "Copy"; }, 1500);
});

let filming = null;
$("video-file").addEventListener("change", async (event) => {
  const [video] = event.target.files;
  event.target.value = "";
  if (!video || !state.person) return;
  calm();
  filming?.abort();
  const mine = (filming = new AbortController());
  const background = state.look.background === "none" ? "#e8e8e8" : state.look.background;
  const { proportions, mend } = state.look;
  $("video-text").textContent = "Sending the video…";
  for (const id of ["video", "video-save", "video-command-box"]) $(id).hidden = true;
  $("video-bar").classList.remove("known");
  $("video-busy").hidden = false;
  try {
    const fields = { person: state.person.id, session: line.name(), job: "video", video, background, proportions, mend };
    const response = await again(() => post("api/animate", fields, mine.signal), "video-text");
    const address = URL.createObjectURL(await response.blob());
    for (const [id, name] of [["video", "src"], ["video-save", "href"]]) { $(id)[name] = address; $(id).hidden = false; }
    $("video-command").textContent = animateCommand(state, video.name);
    $("video-command-box").hidden = false;
    $("video").play().catch(() => {});
  } catch (error) { if (!mine.signal.aborted) handle(error); }
  if (filming === mine) $("video-busy").hidden = true;
});
$("video-stop").addEventListener("click", () => { filming?.abort(); $("video-busy").hidden = true; });

tabs((tab) => { if (tab.id === "tab-hand" && state.person && state.shown === "photograph") show("picture"); });

for (const name of ["dragenter", "dragover"]) addEventListener(name, (event) => { event.preventDefault(); $("stage").classList.add("over"); });
addEventListener("dragleave", (event) => { if (!event.relatedTarget) $("stage").classList.remove("over"); });
addEventListener("drop", (event) => { event.preventDefault(); $("stage").classList.remove("over"); take([...event.dataTransfer.files]); });
addEventListener("paste", (event) => { const files = [...event.clipboardData.files]; if (files.length) take(files); });
addEventListener("keydown", (event) => { if ((event.ctrlKey || event.metaKey) && event.key === "z" && !event.target.matches("input[type=text]")) { event.preventDefault(); undo(); } });

$("open-consent").addEventListener("click", () => $("consent").showModal());

for (const row of await getJson("api/poses").catch((error) => { complain(error); return []; })) {
  const button = document.createElement("button");
  button.type = "button";
  button.title = row.name;
  button.setAttribute("aria-label", row.name);
  button.setAttribute("aria-pressed", "false");
  button.append(figure(row.figure));
  button.addEventListener("click", () => choose({ gallery: row.name }, { kind: "gallery", name: row.name }, "Posing…"));
  $("gallery").append(button);
}
render();
getJson("api/state").then(({ engines }) => {
  for (const name of engines.slice(1)) $("engine").append(new Option(`Networks: ${name}`, name));
}, complain);
