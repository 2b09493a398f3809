// The wait until another code may be asked for. Counted on the page's own clock, since the two
// machines' clocks may differ.

let ahead = 0; // milliseconds by which the server's clock is ahead of the page's

/**
 * Counts from the server's `now` on, in Unix milliseconds.
 *
 * @param {number} now
 */
export function count(now) {
  ahead = now - performance.now();
  tick();
}

function tick() {
  /** @type {NodeListOf<HTMLButtonElement>} */
  const buttons = document.querySelectorAll("button[data-at]");
  for (const button of buttons) {
    const left = Math.max(0, Math.ceil((Number(button.dataset.at) - ahead - performance.now()) / 1000));
    button.disabled = left > 0;
    button.querySelector("[data-wait]")?.replaceChildren(left > 0 ? ` in ${left} s` : "");
  }
}

setInterval(tick, 250);
