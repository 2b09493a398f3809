// What every page of the admin console does: its forms become calls of the API, and what the API answers is
// put where it belongs. No act and no rule is known here; a form says by its attributes what it asks for.
//
//   <form data-call="PUT /v1/teams/linden/users/{user}">   `{user}` is the field of that name, braces and all
//   name="otp/length"                 where the value goes in the body: a JSON pointer without its first slash,
//                                     `{user}` in it as in the path
//   data-as="number|boolean|list|json|raw"   what the value is; without it a text
//   data-empty='null'                 what an empty field says, as JSON; without it, it is left out
//   data-silences="id" (checkbox)     while it is ticked, the field of that id says nothing
//   data-changed (form)               only fields that differ from what the page came with are sent
//   data-new='*' (form)               it makes what is not there yet: sent as If-None-Match, so one that is there stays
//   data-body='{"a": 1}' (form)       what is sent besides
//   data-type="text/html" (form)      the one field that is not in the path is sent as it is
//   data-then="reload|/path/{field}"  where to go; without it the answer fills `data-show="/pointer"` elements
//   data-words='{"sent": "It was sent."}' around those: what an answer's own words are called
//   data-into="id" (form)             in which element those are; without it, in the form
//   data-ask="question" (form)        is asked first; data-go="word" names the button that does it
//   data-said="text" (form)           what is told when it is done
// A button that says itself where it leads (`formaction`) sends the form as browsers do.
// A button outside of a form may have the same attributes. Afterwards `answered` is dispatched on the form.

import "./console.js";
import { Away, Refused, api, find, make, t } from "./api.js";

/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Field */
/** @typedef {HTMLFormElement | HTMLButtonElement} Source what asks for a call */
/** @typedef {{ [name: string]: unknown }} Tree a JSON object */

/** @param {string} pointer */
const parts = (pointer) => pointer.split("/").filter((part) => part !== "").map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));

/** @param {string} part */
const escaped = (part) => part.replaceAll("~", "~0").replaceAll("/", "~1");

/**
 * @param {unknown} value
 * @returns {value is Tree}
 */
const isTree = (value) => typeof value === "object" && value !== null;

/**
 * The part of a value at a pointer.
 *
 * @param {unknown} value
 * @param {string} pointer
 */
const at = (value, pointer) => parts(pointer).reduce((inner, part) => (isTree(inner) ? inner[part] : undefined), value);

/**
 * Puts a value into a tree of plain objects; no name of it is anything but data.
 *
 * @param {Tree} tree
 * @param {string} pointer
 * @param {unknown} value
 */
const put = (tree, pointer, value) => {
  const path = parts(pointer);
  const last = path.pop() ?? "";
  let inside = tree;
  for (const part of path) {
    const inner = inside[part];
    /** @type {Tree} */
    const next = isTree(inner) ? inner : Object.create(null);
    inside[part] = next;
    inside = next;
  }
  inside[last] = value;
};

/**
 * @param {Element} element
 * @returns {element is Field}
 */
const isField = (element) => ["INPUT", "SELECT", "TEXTAREA"].includes(element.tagName);

/** @param {Source} source */
const fieldsOf = (source) => (source instanceof HTMLFormElement ? [...source.elements].filter(isField) : []);

/**
 * @param {Field} field
 * @returns {field is HTMLInputElement}
 */
const isChoice = (field) => field.type === "checkbox" || field.type === "radio";

/** @param {Field} field */
const differs = (field) => {
  if (isChoice(field)) return field.checked !== field.defaultChecked;
  if (field instanceof HTMLSelectElement) return [...field.options].some((option) => option.selected !== option.defaultSelected);
  return field.value !== field.defaultValue;
};

class Unreadable extends Error {
  /** @param {Field} field */
  constructor(field) {
    super(t("notjson"));
    this.field = field;
  }
}

/** @param {string} text */
const lines = (text) => text.split(/[\n,]/).map((line) => line.trim()).filter(Boolean);

/**
 * The value of a field; undefined: nothing.
 *
 * @param {Field} field
 * @param {Field[]} group all of its name
 * @returns {unknown}
 */
const said = (field, group) => {
  const { as, empty } = field.dataset;
  const ticked = group.filter(isChoice).filter((one) => one.checked).map((one) => one.value);
  if (isChoice(field) && field.type === "checkbox") return as === "list" ? ticked : field.checked;
  const text = (field.type === "radio" ? ticked[0] : field.value) ?? "";
  if (text.trim() === "" && empty !== undefined) return JSON.parse(empty);
  if (text.trim() === "") return as === "list" ? [] : undefined;
  if (as === "number") return Number(text);
  if (as === "boolean") return text === "true";
  if (as === "list" && !text.trim().startsWith("[")) return lines(text);
  if (as !== "json" && as !== "list") return as === "raw" || field.type === "password" ? text : text.trim();
  try {
    return JSON.parse(text);
  } catch {
    throw new Unreadable(field);
  }
};

/** @param {string} name */
const isInPath = (name) => name.startsWith("{");

// What is wrong with a name that stands in the call's address.
const NAMES = ["team-name", "channel-name", "intent-name", "screen-name", "webhook-name", "user-name", "customer-id"];

const HOLE = /\{(\w+)\}/g;

/**
 * The values of fields that are named in braces.
 *
 * @param {Field[]} fields
 * @returns {Record<string, string>}
 */
const namesIn = (fields) => Object.fromEntries(fields.filter((field) => isInPath(field.name)).map((field) => [field.name.slice(1, -1), field.value.trim()]));

/**
 * A field's name with the names in its braces filled in.
 *
 * @param {string} name
 * @param {Record<string, string>} named
 */
const pointerOf = (name, named) => name.replace(HOLE, (_, hole) => escaped(named[hole] ?? ""));

/**
 * The call that a form asks for: how, where, and with what.
 *
 * @param {Source} source
 */
const callOf = (source) => {
  const [method = "", path = ""] = (source.dataset.call ?? "").split(" ");
  const fields = fieldsOf(source).filter((field) => field.name && !field.disabled);
  const groups = Map.groupBy(fields, (field) => field.name);
  /** @type {Tree} */
  const body = source.dataset.body ? JSON.parse(source.dataset.body) : {};
  let count = Object.keys(body).length;
  const named = namesIn(fields);
  const where = path.replace(HOLE, (_, name) => encodeURIComponent(named[name] ?? ""));
  if (source.dataset.type) {
    const only = fields.find((field) => !isInPath(field.name));
    return { method, path: where, body: new Blob([only?.value ?? ""], { type: source.dataset.type }), named };
  }
  for (const [name, group] of groups) {
    const [first] = group;
    if (!first || isInPath(name) || ("changed" in source.dataset && !group.some(differs))) continue;
    const value = said(first, group);
    if (value === undefined) continue;
    put(body, pointerOf(name, named), value);
    count += 1;
  }
  return { method, path: where, body: count ? body : undefined, named };
};

let made = 0;

/**
 * @param {Field} field
 * @param {HTMLElement} note
 */
const describe = (field, note) => {
  note.id ||= `note-${(made += 1)}`;
  const others = (field.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean);
  field.setAttribute("aria-describedby", [...new Set([...others, note.id])].join(" "));
};

/** @param {Source} source */
const clear = (source) => {
  for (const note of source.querySelectorAll(".field-error")) note.remove();
  for (const field of source.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  for (const note of beside(source).querySelectorAll(":scope > [data-problem]")) note.remove();
};

/** @param {Source} source */
const beside = (source) => (source instanceof HTMLFormElement ? source : (source.parentElement ?? document.body));

/**
 * The text in the page's language, and the rest that only developers' English has.
 *
 * @param {string} said
 * @param {string} [english]
 */
const worded = (said, english) => {
  if (!english) return [said];
  const more = make("span", "", english);
  more.lang = "en";
  return [said, " ", more];
};

/**
 * Says at a field what is wrong with it.
 *
 * @param {Field} field
 * @param {string} said
 * @param {string} [english]
 */
const wrong = (field, said, english) => {
  field.setAttribute("aria-invalid", "true");
  const note = make("small", "field-error error", ...worded(said, english));
  (field.closest(".field, fieldset") ?? field.parentElement)?.append(note);
  describe(field, note);
};

/**
 * Says at a form what could not be done.
 *
 * @param {Source} source
 * @param {string} said
 * @param {string} [english]
 */
const trouble = (source, said, english) => {
  const note = make("p", "error", ...worded(said, english));
  note.dataset.problem = "";
  note.setAttribute("role", "alert");
  beside(source).append(note);
};

/**
 * The refusal, put where it belongs.
 *
 * @param {Source} source
 * @param {unknown} error
 */
const tell = (source, error) => {
  if (error instanceof Unreadable) {
    wrong(error.field, error.message);
    error.field.focus();
    return;
  }
  if (!(error instanceof Refused)) {
    trouble(source, t(error instanceof Away ? "away" : "broken"));
    if (!(error instanceof Away)) console.error(error);
    return;
  }
  if (error.status === 401) {
    trouble(source, t("signedout"));
    const again = make("a", "", t("again"));
    again.href = `/signin?next=${encodeURIComponent(location.pathname)}`;
    beside(source).lastElementChild?.append(" ", again);
    return;
  }
  refuse(source, error);
};

/**
 * The refusal: at its fields, where they are known, and at the form.
 *
 * @param {Source} source
 * @param {Refused} error
 */
const refuse = (source, error) => {
  const fields = fieldsOf(source);
  const named = namesIn(fields);
  const name = fields.find((field) => isInPath(field.name) && field.type !== "hidden");
  /** @type {Field[]} */
  const faulty = [];
  /** @type {(field: Field, said: string, english?: string) => void} */
  const shown = (field, said, english) => {
    wrong(field, said, english);
    faulty.push(field);
  };
  for (const { pointer, code, said, english } of error.errors) {
    const path = parts(pointer);
    const last = path.at(-1) ?? "";
    const names = path.map((_, n) => path.slice(0, path.length - n).map(escaped).join("/"));
    const found = names.map((name) => fields.find((one) => !isInPath(one.name) && pointerOf(one.name, named) === name));
    const field = found.find((one) => one !== undefined);
    // An item's error stands at the list that holds it, that of a name at the name.
    if (field) shown(field, field !== found[0] && /^\d+$/.test(last) ? t("item", { at: Number(last) + 1, why: said }) : said, english);
    else if (name && NAMES.includes(code)) shown(name, said, english);
    else trouble(source, path.length ? `${path.join(".")}: ${said}` : said, english);
  }
  if (name && error.code === "exists") shown(name, error.message);
  else if (!error.errors.length) trouble(source, error.message);
  const [first] = faulty;
  first?.closest("details:not([open])")?.setAttribute("open", "");
  /** @type {HTMLElement | null | undefined} */
  const next = first?.disabled ? source.querySelector(`[data-silences="${first.id}"]`) : first;
  next?.focus();
};

/**
 * A question before something that cannot be taken back.
 *
 * @param {string} question
 * @param {string} go the word of the button that does it
 * @returns {Promise<boolean>}
 */
const asks = (question, go) => {
  const title = make("h2", "", t("sure"));
  title.id = "ask-title";
  const keep = make("button", "button button-plain", t("keep"));
  const yes = make("button", "button button-danger", go);
  [keep.value, yes.value] = ["", "yes"];
  const form = make("form", "answer-form", title, make("p", "", question), make("div", "choices", keep, yes));
  form.method = "dialog";
  const dialog = make("dialog", "ask", form);
  dialog.setAttribute("aria-labelledby", title.id);
  document.body.append(dialog);
  dialog.showModal();
  keep.focus();
  return new Promise((done) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      done(dialog.returnValue === "yes");
    });
  });
};

const told = find(document, "#told", HTMLElement);

/**
 * Says what was done, also to who does not look.
 *
 * @param {string} text
 */
export const say = (text) => {
  told.textContent = "";
  requestAnimationFrame(() => {
    told.textContent = text;
  });
};

/**
 * @param {Source} source
 * @param {unknown} answer
 */
const show = (source, answer) => {
  const into = source.dataset.into ? find(document, `#${source.dataset.into}`, HTMLElement) : source;
  /** @type {NodeListOf<HTMLElement>} */
  const places = into.querySelectorAll("[data-show]");
  for (const place of places) {
    /** @type {HTMLElement | null} */
    const around = place.closest("[data-words]");
    /** @type {Record<string, string>} */
    const words = JSON.parse(around?.dataset.words ?? "{}");
    const plain = at(answer, place.dataset.show ?? "");
    const value = String(words[String(plain)] ?? plain ?? "");
    if (isField(place)) place.value = value;
    else place.textContent = value;
  }
  /** @type {NodeListOf<HTMLElement>} */
  const shown = into.querySelectorAll("[data-shown]");
  for (const hidden of [into, ...shown]) {
    if ("shown" in hidden.dataset) hidden.hidden = false;
  }
  /** @type {HTMLElement | null} */
  const first = into.querySelector("[data-first]");
  first?.focus();
};

/** @type {WeakMap<Source, string>} */
const once = new WeakMap(); // form → the key under which its act is the same act again

/** @param {Source} source */
const onceOf = (source) => {
  const key = once.get(source) ?? [...crypto.getRandomValues(new Uint8Array(16))].map((n) => n.toString(16).padStart(2, "0")).join("");
  once.set(source, key);
  return key;
};

/**
 * @param {Source} source
 * @param {boolean} waiting
 */
const waits = (source, waiting) => {
  source.setAttribute("aria-busy", String(waiting));
  for (const button of source instanceof HTMLFormElement ? source.querySelectorAll("button:not([type=button])") : [source]) {
    if (waiting) button.setAttribute("aria-disabled", "true"); // disabled it would lose the focus
    else button.removeAttribute("aria-disabled");
  }
};

/**
 * @param {Source} source
 * @param {unknown} answer
 * @param {Record<string, string>} named
 */
const follow = (source, answer, named) => {
  const { then } = source.dataset;
  const done = source.dataset.said ?? t("saved");
  source.dispatchEvent(new CustomEvent("answered", { bubbles: true, detail: answer }));
  if (!then) {
    show(source, answer);
    say(done);
    return;
  }
  const at = source.id || source.closest("[id]")?.id;
  if (then === "reload") {
    history.replaceState({ done, at }, "");
    location.reload();
    return;
  }
  const answered = isTree(answer) ? answer : {};
  location.assign(then.replace(HOLE, (_, name) => encodeURIComponent(named[name] ?? String(answered[name] ?? ""))));
};

/**
 * Does what a form or a button asks for.
 *
 * @param {Source} source
 * @param {HTMLElement | null} button
 */
const act = async (source, button) => {
  if (source.getAttribute("aria-busy") === "true") return;
  clear(source);
  const { ask, go } = source.dataset;
  if (ask && !(await asks(ask, go ?? button?.textContent ?? ""))) return;
  let call;
  try {
    call = callOf(source);
    if ("changed" in source.dataset && !call.body) {
      say(t("unchanged"));
      return;
    }
    waits(source, true);
    /** @type {Record<string, string>} */
    const more = call.method === "POST" ? { "idempotency-key": onceOf(source) } : {};
    if (source.dataset.new) more["if-none-match"] = source.dataset.new;
    const answer = await api(call.method, call.path, call.body, more);
    once.delete(source);
    waits(source, false);
    follow(source, answer, call.named);
  } catch (error) {
    waits(source, false);
    if (error instanceof Refused && error.status >= 400 && error.status < 500) once.delete(source); // it was refused: the next one is another act
    tell(source, error);
  }
};

document.addEventListener("submit", (event) => {
  const { target, submitter } = event;
  if (!(target instanceof HTMLFormElement) || !target.dataset.call || submitter?.hasAttribute("formaction")) return;
  event.preventDefault();
  act(target, submitter ?? target.querySelector("button"));
});

/** @param {HTMLButtonElement} button */
const copies = async (button) => {
  const from = find(document, `#${button.dataset.copy}`, HTMLElement);
  const text = isField(from) ? from.value : from.textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    getSelection()?.selectAllChildren(from); // the reader copies it herself
    return;
  }
  const before = button.textContent;
  button.textContent = t("copied");
  say(t("copied"));
  setTimeout(() => {
    button.textContent = before;
  }, 2000);
};

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element && event.target.closest("button");
  if (!button) return;
  if (button.dataset.copy) copies(button);
  else if (button.dataset.call) act(button, button);
});

/** @type {NodeListOf<HTMLInputElement>} */
const ticks = document.querySelectorAll("[data-silences]");
for (const tick of ticks) {
  tick.addEventListener("change", () => {
    document.getElementById(tick.dataset.silences ?? "")?.toggleAttribute("disabled", tick.checked);
  });
}

// A name for addresses is offered from the title until somebody writes her own.
/** @type {NodeListOf<HTMLInputElement>} */
const titles = document.querySelectorAll("[data-names]");
for (const title of titles) {
  const name = find(document, `#${title.dataset.names}`, HTMLInputElement);
  let own = name.value !== "";
  name.addEventListener("input", () => {
    own = name.value !== "";
  });
  title.addEventListener("input", () => {
    const plain = title.value.normalize("NFKD").toLowerCase().replace(/[^a-z0-9]+/g, "-");
    if (!own) name.value = plain.replace(/^-+|-+$/g, "").slice(0, 63);
  });
}

/** @type {NodeListOf<HTMLTimeElement>} */
const moments = document.querySelectorAll("time[data-moment]");
for (const place of moments) {
  const format = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
  place.textContent = format.format(new Date(place.dateTime));
}

document.querySelector(".sections [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

if (history.state?.done) {
  const { done, at } = history.state;
  history.replaceState(null, "");
  say(done);
  const place = at && document.getElementById(at);
  if (place) {
    place.scrollIntoView({ block: "nearest" });
    /** @type {HTMLElement | null} */
    const within = place.querySelector("input:not([type=hidden]), select, textarea, button, a");
    const first = place.matches("form, section, tr, li") ? within : place;
    first?.focus({ preventScroll: true });
  }
}
