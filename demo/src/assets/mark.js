// The agent's mark and its countdown. The mark falls here at its time, even if no word comes; and
// while nothing is heard from the server it says so, and is never left standing.

import { element } from "./element.js";

const region = element("mark");
const clock = element("clock");
const seconds = element("seconds");
const bar = /** @type {HTMLProgressElement} */ (element("left"));

let drawn = "";
let until = 0; // on the page's own clock: the two machines' clocks may differ
let timer = 0;

/**
 * Draws the mark as the server rendered it, standing for `left` more milliseconds.
 *
 * @param {string} html
 * @param {number} left
 */
export function show(html, left) {
  draw(html);
  until = performance.now() + left;
  clearInterval(timer);
  if (left > 0) timer = setInterval(tick, 250);
  tick();
}

/** Draws "unknown": the connection is gone. */
export function forget() {
  show(element("mark-unknown").innerHTML, 0);
}

function tick() {
  const left = Math.max(0, Math.ceil((until - performance.now()) / 1000));
  clock.hidden = bar.hidden = left === 0;
  seconds.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  bar.value = Math.min(left, bar.max);
  if (left === 0 && timer) {
    clearInterval(timer);
    timer = 0;
    if (until > 0 && region.querySelector("[data-status=verified]")) {
      draw(element("mark-expired").innerHTML);
    }
  }
}

/**
 * Redrawn only when it says something else: a screen reader hears each change once.
 *
 * @param {string} html
 */
function draw(html) {
  if (html === drawn) return;
  drawn = html;
  region.innerHTML = html;
}
