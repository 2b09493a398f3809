// The chat page, live: draws what the server's feed brings and sends what is typed without a reload.
// All HTML comes rendered and escaped from the server; nothing here builds any.

import { element } from "./element.js";
import * as mark from "./mark.js";
import * as wait from "./wait.js";

const entries = element("entries");
const story = element("story");
const phone = element("phone");
const desk = element("desk");
const place = element("console");
const pages = element("pages");
const portal = element("portal-mark");
/** @type {Map<number, string>} */
const drawn = new Map(); // entry id → its HTML
/** @type {{ url: string, opener_secret: string | null }[]} */
let links = []; // the live login link and the page that was given last, for countersign.open

const feed = new EventSource("/demo/chat/events");
feed.addEventListener("error", mark.forget);
feed.addEventListener("chat", (event) => {
  const chat = JSON.parse(event.data);
  ({ links } = chat);
  mark.show(chat.mark, chat.left);
  drawPart(story, chat.story);
  drawPart(phone, chat.phone);
  drawPart(desk, chat.desk);
  drawPart(pages, chat.pages);
  drawPortal(chat.interaction);
  drawConsole(chat.interaction);
  drawEntries(chat.entries);
  wait.count(chat.now);
});

/**
 * The portal's own mark is not drawn by this page: it asks the gateway itself.
 *
 * @param {string | null} interaction
 */
function drawPortal(interaction) {
  const mark = portal.firstElementChild;
  portal.hidden = !interaction;
  if (interaction === mark?.getAttribute("interaction")) return;
  if (interaction) mark?.setAttribute("interaction", interaction);
  else mark?.removeAttribute("interaction");
}

/**
 * The agent's own console, of this one conversation: what the agent does there happens here.
 *
 * @param {string | null} interaction
 */
function drawConsole(interaction) {
  if ((interaction ?? "") === (place.dataset.interaction ?? "")) return;
  place.dataset.interaction = interaction ?? "";
  place.hidden = !interaction;
  desk.hidden = Boolean(interaction);
  if (!interaction) return place.replaceChildren();
  const frame = document.createElement("iframe");
  frame.title = "The agent’s console";
  frame.src = "/demo/console";
  place.replaceChildren(frame); // a new one: an old one's way there would stand in the browser's history
}

/** @type {Map<HTMLElement, string>} */
const parts = new Map(); // element → its HTML

/**
 * @param {HTMLElement} part
 * @param {string} html
 */
function drawPart(part, html) {
  if (parts.get(part) === html) return;
  parts.set(part, html);
  part.innerHTML = html;
}

/**
 * Entries are added at the end and change in place, so that a reader's place and the screen
 * reader's log stay as they are.
 *
 * @param {{ id: number, html: string }[]} list
 */
function drawEntries(list) {
  for (const { id, html } of list) {
    if (drawn.get(id) === html) continue;
    let item = document.getElementById(`entry-${id}`);
    if (!item) {
      item = document.createElement("li");
      item.id = `entry-${id}`;
      entries.append(item);
    }
    item.innerHTML = html;
    drawn.set(id, html);
  }
  const kept = new Set(list.map(({ id }) => id));
  for (const id of drawn.keys()) {
    if (kept.has(id)) continue;
    document.getElementById(`entry-${id}`)?.remove();
    drawn.delete(id);
  }
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !("say" in form.dataset)) return;
  event.preventDefault();
  const said = new URLSearchParams();
  for (const [name, value] of new FormData(form, event.submitter)) said.append(name, String(value));
  form.reset();
  if (form.closest(".card")) element("text").focus(); // the code is typed there
  const sent = await fetch(form.action, { method: "post", body: said, redirect: "manual" })
    .then((reply) => reply.type === "opaqueredirect", () => false);
  const text = form.elements.namedItem("text");
  if (!sent && text instanceof HTMLInputElement) text.value = said.get("text") ?? ""; // nothing that was typed is lost
});

// A window opened by the widget proves by itself that it belongs to this chat. Without the widget
// the link works as any link does, and what is proved there is confirmed by a code.
entries.addEventListener("click", (event) => {
  const opener = event.target instanceof Element ? event.target.closest("a[data-act=login], a[data-act=task]") : null;
  const link = opener instanceof HTMLAnchorElement && links.find(({ url }) => new URL(url).href === opener.href);
  if (link && window.countersign?.open(link)) event.preventDefault();
});
