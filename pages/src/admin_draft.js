// The editor of an opening screen: at each pause in typing what stands there is shown as it would be, by the
// button's own form. Nothing of it is kept until it is saved.

import { find } from "./api.js";

const PAUSE = 400; // milliseconds

const words = find(document, "#html", HTMLTextAreaElement);
const look = find(document, "#look", HTMLButtonElement);
let draft = find(document, "#draft", HTMLIFrameElement);

const shows = () => words.form?.requestSubmit(look);

// What a frame shows first is no step for the browser's way back, so each draft has a frame of its own.
words.form?.addEventListener("submit", (event) => {
  if (event.submitter !== look) return;
  const fresh = /** @type {HTMLIFrameElement} */ (draft.cloneNode());
  fresh.removeAttribute("src");
  draft.replaceWith(fresh);
  draft = fresh;
});

let pause = 0;
words.addEventListener("input", () => {
  clearTimeout(pause);
  pause = setTimeout(shows, PAUSE);
});

if (!draft.hasAttribute("src")) shows(); // nothing is kept yet, so what is offered is shown
