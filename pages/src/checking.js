// While documents are being checked: asks now and then, and draws the page anew only once it says something
// else. Nobody's reading is broken off by a page that comes again as it was; without a script there is a link.
"use strict";

const EVERY = 3000;

const look = async () => {
  try {
    const reply = await fetch(location.href, { cache: "no-store" });
    if (!reply.ok || !(await reply.text()).includes("data-checking")) location.reload();
    else setTimeout(look, EVERY);
  } catch {
    setTimeout(look, EVERY); // the phone is between two cells: later
  }
};

setTimeout(look, EVERY);
