// The page of settings: says when somebody else changed them while it stood, so that nobody writes over what
// she has not seen. What is sent are changed fields alone; all else stays as the other one left it.

import { find, listen, team } from "./api.js";

const meanwhile = find(document, "#meanwhile", HTMLElement);
const read = Date.parse(meanwhile.dataset.read ?? "");

// What this page saves itself loads it anew, and is older than what then stands on it.
let leaving = false;
addEventListener("pagehide", () => {
  leaving = true;
});

/** @param {TeamEvent} event */
const heard = (event) => {
  if (event.type !== "settings.changed" || Date.parse(event.at) <= read) return;
  setTimeout(() => {
    if (!leaving && !document.querySelector("[aria-busy=true]")) meanwhile.hidden = false;
  }, 500);
};

/** @param {Connection} connection */
const stands = (connection) => {
  meanwhile.dataset.live = connection;
};

if (team) listen(heard, stands);
