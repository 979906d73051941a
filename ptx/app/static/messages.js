// What the page says: that it is busy, how far it is, and what has gone wrong.

import { ApiError } from "./api.js";

const $ = (id) => document.getElementById(id);

let timer;
// Show that something is done; after `patience` ms, `more` as well.
export function busy(text, more = "", patience = 6000) {
  clearTimeout(timer);
  if (more) timer = setTimeout(() => { $("busy-text").textContent += ` ${more}`; }, patience);
  $("busy").hidden = !text;
  $("busy-text").textContent = text ?? "";
  $("progress-bar").classList.remove("known");
  $("progress-bar").style.width = "";
  $("stage").setAttribute("aria-busy", String(Boolean(text)));
}
export function progress(share, text, [bar, words] = ["progress-bar", "busy-text"]) {
  $(bar).classList.add("known");
  $(bar).style.width = `${Math.round(share * 100)}%`;
  if (text) $(words).textContent = `${text}: ${Math.round(share * 100)} %`;
}
export function complain(error) {
  if (error.name === "AbortError") return;
  if (!(error instanceof ApiError)) console.error(error);
  $("alert-text").textContent = error.message;
  $("alert").hidden = false;
}
export function calm() { $("alert").hidden = true; }
$("alert-close").addEventListener("click", calm);
