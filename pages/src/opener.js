// The landing page's half of the opener handshake: proves that this window was opened by the chat.
// The secret comes by message from the opener, only from an origin that the team allows, and leaves
// only in the Continue form. Nothing is submitted from here.
"use strict";

{
  const form = /** @type {HTMLFormElement} */ (document.querySelector("form[data-opener-origins]"));
  const field = /** @type {HTMLInputElement} */ (form.elements.namedItem("opener"));
  const button = /** @type {HTMLButtonElement} */ (form.querySelector("button"));
  const status = /** @type {HTMLElement} */ (document.querySelector("[data-opener]"));
  const origins = (form.dataset.openerOrigins ?? "").split(" ");
  const required = "openerRequired" in form.dataset;
  const patience = 4000; // milliseconds until the chat counts as out of reach

  /** @param {string} state */
  const tell = (state) => {
    status.textContent = status.dataset[state] ?? "";
    status.dataset.state = state;
    status.hidden = false;
  };

  /** @param {MessageEvent} event */
  const bind = (event) => {
    if (event.source !== window.opener || !origins.includes(event.origin)) return;
    const { type, secret } = event.data ?? {};
    if (type !== "countersign.bind" || typeof secret !== "string" || secret === "") return;
    window.removeEventListener("message", bind);
    clearTimeout(giveUp);
    field.value = secret;
    window.opener = null; // the chat has said what it had to say, and reaches this window no more
    button.disabled = false;
    tell("connected");
  };

  // Where a code can still show whose chat it is, a chat out of reach is no news for the person.
  const miss = () => (required ? tell("missing") : (status.hidden = true));

  button.disabled = required;
  const giveUp = setTimeout(miss, window.opener ? patience : 0);
  if (window.opener) {
    tell("connecting");
    window.addEventListener("message", bind);
    // A wrong target origin is dropped by the browser, so only an allowed page ever hears this.
    for (const origin of origins) window.opener.postMessage({ type: "countersign.ready" }, origin);
  }
}
