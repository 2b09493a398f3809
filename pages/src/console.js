// What every page of the consoles does: switching the team at once, and keeping the session of whoever is
// really there. A page that is merely open keeps nothing.

import { api } from "./api.js";

const EVERY = 60_000;
let told = 0;

const there = () => {
  if (!document.body.dataset.csrfToken || Date.now() - told < EVERY) return;
  told = Date.now();
  api("POST", "/signin/alive", {}).catch(() => {});
};

for (const kind of ["keydown", "pointerdown"]) addEventListener(kind, there, { passive: true });

/** @type {HTMLSelectElement | null} */
const team = document.querySelector("[data-switch]");
team?.addEventListener("change", () => team.form?.requestSubmit());
