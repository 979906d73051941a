// Requests to the server. Every failure is an ApiError with one line for people.

export class ApiError extends Error {
  constructor(text, status) { super(text); this.status = status; }
}

const LARGEST = { photographs: 48, pose: 48, video: 256 }; // MB, as the server's

export function form(fields) {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (value === null || value === undefined || value === false || value === "") continue;
    if (Array.isArray(value) && value[0] instanceof Blob) value.forEach((file) => data.append(name, file, file.name));
    else if (value instanceof Blob) data.append(name, value, value.name);
    else if (typeof value === "object") data.append(name, JSON.stringify(value));
    else data.append(name, value === true ? "1" : String(value));
  }
  for (const [name, most] of Object.entries(LARGEST)) {
    const total = data.getAll(name).reduce((sum, file) => sum + (file.size ?? 0), 0);
    if (total > most * 1024 * 1024) throw new ApiError(`${Math.ceil(total / 1048576)} MB are too much: at most ${most} MB`, 413);
  }
  return data;
}

async function send(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("The server does not answer: is ptx app still running?", 0);
  }
  if (response.ok) return response;
  let text = `The server answered ${response.status}`;
  try { text = (await response.json()).error ?? text; } catch { /* no JSON: the number says it */ }
  throw new ApiError(text, response.status);
}

export async function getJson(path) { return (await send(path, {})).json(); }

export async function post(path, fields, signal) { return send(path, { method: "POST", body: form(fields), signal }); }

export async function getBlob(path) { return (await send(path, {})).blob(); }

export function posedOf(response) {
  const text = response.headers.get("ptx-posed");
  return text ? JSON.parse(text) : null;
}

// The page's line to the server: while it is open, what was uploaded is kept. `on` hears "progress" and "lost".
export function openLine(on) {
  let session = "", source, first;
  const ready = new Promise((resolve) => { first = resolve; });
  const open = () => {
    source = new EventSource(`api/events?session=${encodeURIComponent(session)}`);
    source.addEventListener("session", (event) => {
      const next = JSON.parse(event.data).session;
      const lost = session && next !== session;
      session = next;
      first(session);
      if (lost) on("lost");
    });
    source.addEventListener("progress", (event) => on("progress", JSON.parse(event.data)));
    source.onerror = () => { source.close(); setTimeout(open, 1000); };
  };
  open();
  addEventListener("pagehide", () => navigator.sendBeacon(`api/close?session=${encodeURIComponent(session)}`));
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  return { ready: () => ready, name: () => session };
}
