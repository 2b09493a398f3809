// The page of settings: says when somebody else changed them while it stood, so that nobody writes over what
// she has not seen. What is sent are changed fields alone; all else stays as the other one left it.

import { listen, team } from "./api.js";

const meanwhile = document.getElementById("meanwhile");
const read = Date.parse(meanwhile.dataset.read);

// What this page saves itself loads it anew, and is older than what then stands on it.
let leaving = false;
addEventListener("pagehide", () => {
  leaving = true;
});

const heard = (event) => {
  if (event.type !== "settings.changed" || Date.parse(event.at) <= read) return;
  setTimeout(() => {
    if (!leaving && !document.querySelector("[aria-busy=true]")) meanwhile.hidden = false;
  }, 500);
};

const stands = (standing) => {
  meanwhile.dataset.live = standing;
};

if (team) listen(heard, stands);
