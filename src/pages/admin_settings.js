// The page of settings: says when somebody else changed them while it stood, so that nobody writes over what
// she has not seen. What is sent are changed fields alone; all else stays as the other one left it.

import { listen, team } from "./api.js";

const meanwhile = document.getElementById("meanwhile");

// What this page saves itself reloads it; whatever is heard while it stands was somebody else's.
let saving = false;
addEventListener("pagehide", () => {
  saving = true;
});

const heard = (event) => {
  if (event.type === "settings.changed") setTimeout(() => {
    if (!saving && !document.querySelector("[aria-busy=true]")) meanwhile.hidden = false;
  }, 500);
};

if (team) listen(heard, () => {});
