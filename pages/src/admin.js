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
import { Away, api, make, t } from "./api.js";

const parts = (pointer) => pointer.split("/").filter((part) => part !== "").map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));

const escaped = (part) => part.replaceAll("~", "~0").replaceAll("/", "~1");

const at = (value, pointer) => parts(pointer).reduce((inner, part) => inner?.[part], value);

/** Puts a value into a tree of plain objects; no name of it is anything but data. */
const put = (tree, pointer, value) => {
  const path = parts(pointer);
  const last = path.pop();
  const inside = path.reduce((inner, part) => (inner[part] ??= Object.create(null)), tree);
  inside[last] = value;
};

const isChoice = (field) => field.type === "checkbox" || field.type === "radio";

const differs = (field) => {
  if (isChoice(field)) return field.checked !== field.defaultChecked;
  if (field.options) return [...field.options].some((option) => option.selected !== option.defaultSelected);
  return field.value !== field.defaultValue;
};

class Unreadable extends Error {
  constructor(field) {
    super(t("notjson"));
    this.field = field;
  }
}

const empty = (field) => ("empty" in field.dataset ? JSON.parse(field.dataset.empty) : undefined);

const lines = (text) => text.split(/[\n,]/).map((line) => line.trim()).filter(Boolean);

/** What a field says; undefined: nothing. */
const said = (field, group) => {
  const { as } = field.dataset;
  if (field.type === "checkbox" && as === "list") return group.filter((one) => one.checked).map((one) => one.value);
  if (field.type === "checkbox") return field.checked;
  const text = (field.type === "radio" ? group.find((one) => one.checked)?.value : field.value) ?? "";
  if (text.trim() === "") return "empty" in field.dataset ? empty(field) : as === "list" ? [] : undefined;
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

const isInPath = (name) => name.startsWith("{");

// What is wrong with a name that stands in the call's address.
const NAMES = ["team-name", "channel-name", "intent-name", "screen-name", "webhook-name", "user-name", "customer-id"];

const HOLE = /\{(\w+)\}/g;

/** What fields that are named in braces say. */
const namesIn = (fields) => Object.fromEntries(fields.filter((field) => isInPath(field.name)).map((field) => [field.name.slice(1, -1), field.value.trim()]));

/** The call that a form asks for: how, where, and with what. */
const callOf = (source) => {
  const [method, path] = source.dataset.call.split(" ");
  const fields = [...(source.elements ?? [])].filter((field) => field.name && !field.disabled && field.tagName !== "BUTTON" && field.tagName !== "OUTPUT");
  const groups = Map.groupBy(fields, (field) => field.name);
  const body = source.dataset.body ? JSON.parse(source.dataset.body) : {};
  let count = Object.keys(body).length;
  const named = namesIn(fields);
  const where = path.replace(HOLE, (_, name) => encodeURIComponent(named[name] ?? ""));
  if (source.dataset.type) {
    const [only] = fields.filter((field) => !isInPath(field.name));
    return { method, path: where, body: new Blob([only.value], { type: source.dataset.type }), named };
  }
  for (const [name, group] of groups) {
    if (isInPath(name) || ("changed" in source.dataset && !group.some(differs))) continue;
    const value = said(group[0], group);
    if (value === undefined) continue;
    put(body, name.replace(HOLE, (_, hole) => escaped(named[hole] ?? "")), value);
    count += 1;
  }
  return { method, path: where, body: count ? body : undefined, named };
};

let made = 0;

const describe = (field, note) => {
  note.id ||= `note-${(made += 1)}`;
  const others = (field.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean);
  field.setAttribute("aria-describedby", [...new Set([...others, note.id])].join(" "));
};

const clear = (source) => {
  for (const note of source.querySelectorAll?.(".field-error") ?? []) note.remove();
  for (const field of source.querySelectorAll?.("[aria-invalid]") ?? []) field.removeAttribute("aria-invalid");
  for (const note of beside(source).querySelectorAll(":scope > [data-problem]")) note.remove();
};

const beside = (source) => (source.tagName === "FORM" ? source : source.parentElement);

/** What is told in the page's language, and what only developers' English has. */
const worded = (said, english) => {
  if (!english) return [said];
  const more = make("span", "", english);
  more.lang = "en";
  return [said, " ", more];
};

/** Says at a field what is wrong with it. */
const wrong = (field, said, english) => {
  field.setAttribute("aria-invalid", "true");
  const note = make("small", "field-error error", ...worded(said, english));
  (field.closest(".field, fieldset") ?? field.parentElement).append(note);
  describe(field, note);
};

/** Says at a form what could not be done. */
const trouble = (source, said, english) => {
  const note = make("p", "error", ...worded(said, english));
  note.dataset.problem = "";
  note.setAttribute("role", "alert");
  beside(source).append(note);
};

/** What could not be done, put where it belongs. */
const tell = (source, error) => {
  if (error instanceof Unreadable) {
    wrong(error.field, error.message);
    error.field.focus();
    return;
  }
  if (error.status === 401) {
    trouble(source, t("signedout"));
    const again = make("a", "", t("again"));
    again.href = `/signin?next=${encodeURIComponent(location.pathname)}`;
    beside(source).lastElementChild.append(" ", again);
    return;
  }
  if (!("status" in error)) {
    trouble(source, t(error instanceof Away ? "away" : "broken"));
    if (!(error instanceof Away)) console.error(error);
    return;
  }
  const fields = [...(source.elements ?? [])];
  const named = namesIn(fields);
  const name = fields.find((field) => isInPath(field.name) && field.type !== "hidden");
  let first = null;
  const shown = (field, said, english) => {
    wrong(field, said, english);
    first ??= field;
  };
  for (const { pointer, code, said, english } of error.errors) {
    const path = parts(pointer);
    const names = path.map((_, n) => path.slice(0, path.length - n).map(escaped).join("/"));
    const fieldOf = (name) => fields.find((one) => !isInPath(one.name) && one.name.replace(HOLE, (_, hole) => escaped(named[hole] ?? "")) === name);
    const at = names.findIndex(fieldOf);
    // An item's error stands at the list that holds it, that of a name at the name.
    if (at >= 0) shown(fieldOf(names[at]), at && /^\d+$/.test(path.at(-1)) ? t("item", { at: Number(path.at(-1)) + 1, why: said }) : said, english);
    else if (name && NAMES.includes(code)) shown(name, said, english);
    else trouble(source, path.length ? `${path.join(".")}: ${said}` : said, english);
  }
  if (name && error.code === "exists") shown(name, error.message);
  else if (!error.errors.length) trouble(source, error.message);
  first?.closest("details:not([open])")?.setAttribute("open", "");
  (first?.disabled ? source.querySelector(`[data-silences="${first.id}"]`) : first)?.focus();
};

/** A question before something that cannot be taken back. */
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

const told = document.getElementById("told");

/** Says what was done, also to who does not look. */
export const say = (text) => {
  told.textContent = "";
  requestAnimationFrame(() => {
    told.textContent = text;
  });
};

const show = (source, answer) => {
  const into = source.dataset.into ? document.getElementById(source.dataset.into) : source;
  for (const place of into.querySelectorAll("[data-show]")) {
    const words = place.closest("[data-words]")?.dataset.words;
    const plain = at(answer, place.dataset.show);
    const value = (words && JSON.parse(words)[plain]) ?? plain;
    if ("value" in place && place.tagName !== "OUTPUT") place.value = value ?? "";
    else place.textContent = value ?? "";
  }
  for (const hidden of [into, ...into.querySelectorAll("[data-shown]")]) {
    if ("shown" in hidden.dataset) hidden.hidden = false;
  }
  into.querySelector("[data-first]")?.focus();
};

const once = new WeakMap(); // form → the key under which its act is the same act again

const onceOf = (source) => {
  if (!once.has(source)) once.set(source, [...crypto.getRandomValues(new Uint8Array(16))].map((n) => n.toString(16).padStart(2, "0")).join(""));
  return once.get(source);
};

const waits = (source, waiting) => {
  source.setAttribute("aria-busy", String(waiting));
  for (const button of source.tagName === "FORM" ? source.querySelectorAll("button:not([type=button])") : [source]) {
    if (waiting) button.setAttribute("aria-disabled", "true"); // disabled it would lose the focus
    else button.removeAttribute("aria-disabled");
  }
};

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
  location.assign(then.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(named[name] ?? answer?.[name] ?? "")));
};

/** Does what a form or a button asks for. */
const act = async (source, button) => {
  if (source.getAttribute("aria-busy") === "true") return;
  clear(source);
  const { ask, go } = source.dataset;
  if (ask && !(await asks(ask, go ?? button.textContent))) return;
  let call;
  try {
    call = callOf(source);
    if ("changed" in source.dataset && !call.body) {
      say(t("unchanged"));
      return;
    }
    waits(source, true);
    const more = call.method === "POST" ? { "idempotency-key": onceOf(source) } : {};
    if (source.dataset.new) more["if-none-match"] = source.dataset.new;
    const answer = await api(call.method, call.path, call.body, more);
    once.delete(source);
    waits(source, false);
    follow(source, answer, call.named);
  } catch (error) {
    waits(source, false);
    if (error.status >= 400 && error.status < 500) once.delete(source); // it was refused: the next one is another act
    tell(source, error);
  }
};

document.addEventListener("submit", (event) => {
  if (!event.target.dataset.call || event.submitter?.hasAttribute("formaction")) return;
  event.preventDefault();
  act(event.target, event.submitter ?? event.target.querySelector("button"));
});

const copies = async (button) => {
  const from = document.getElementById(button.dataset.copy);
  const text = from.value ?? from.textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    getSelection().selectAllChildren(from); // the reader copies it herself
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
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.copy) copies(button);
  else if (button.dataset.call) act(button, button);
});

for (const tick of document.querySelectorAll("[data-silences]")) {
  tick.addEventListener("change", () => {
    document.getElementById(tick.dataset.silences).disabled = tick.checked;
  });
}

// A name for addresses is offered from the title until somebody writes her own.
for (const title of document.querySelectorAll("[data-names]")) {
  const name = document.getElementById(title.dataset.names);
  let own = name.value !== "";
  name.addEventListener("input", () => {
    own = name.value !== "";
  });
  title.addEventListener("input", () => {
    const plain = title.value.normalize("NFKD").toLowerCase().replace(/[^a-z0-9]+/g, "-");
    if (!own) name.value = plain.replace(/^-+|-+$/g, "").slice(0, 63);
  });
}

for (const place of document.querySelectorAll("time[data-moment]")) {
  const [date, time] = [{ dateStyle: "medium" }, { timeStyle: "short" }];
  place.textContent = new Intl.DateTimeFormat(document.documentElement.lang, { ...date, ...time }).format(new Date(place.dateTime));
}

document.querySelector(".sections [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

if (history.state?.done) {
  const { done, at } = history.state;
  history.replaceState(null, "");
  say(done);
  const place = at && document.getElementById(at);
  if (place) {
    place.scrollIntoView({ block: "nearest" });
    const first = place.matches("form, section, tr, li") ? place.querySelector("input:not([type=hidden]), select, textarea, button, a") : place;
    first?.focus({ preventScroll: true });
  }
}
