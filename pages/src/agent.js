// The agent console's list: the team's open conversations, live. Only the rows that are in sight exist, so
// thousands cost no more than a screenful. One conversation's panel is `panel.js`'.

import "./console.js";
import { api, endOf, find, icon, left, listen, make, primary, stateOf, t, team } from "./api.js";
import { begin } from "./new.js";
import { Panel } from "./panel.js";
import { Readings } from "./readings.js";

const of = (/** @type {string} */ id) => find(document, `#${id}`, HTMLElement);
const [rows, all, live, count] = [of("rows"), of("all"), of("live"), of("count")];
const search = find(document, "#search", HTMLInputElement);
const state = find(document, "#state", HTMLSelectElement);
const channel = find(document, "#channel", HTMLSelectElement);

const HEIGHT = 64; // pixels of a row, as console.css has it
const AROUND = 6; // rows drawn above and below what is in sight
const PAGE = 200;
const ABREAST = 6; // conversations asked for at once

/** @type {Map<string, Interaction>} */
const known = new Map(); // id → interaction as the API tells it
/** @type {string[]} */
let shown = []; // ids in order, as filtered
let chosen = "";
let sure = false; // the stream stands

const panel = new Panel(of("panel"), {
  closed: () => {
    document.body.classList.remove("in-panel");
    rows.focus();
  },
  want: (id) => readings.want(id),
});


/**
 * Whether what is known of it holds: only then anybody looks verified.
 *
 * @param {string} id
 */
const surely = (id) => sure && known.has(id) && readings.knows(id);

/** @param {Interaction} interaction */
const standing = (interaction) => stateOf(primary(interaction), interaction.status === "open", surely(interaction.id));

const TROUBLE = ["locked", "banned", "reported"];

/** @param {Interaction} interaction */
const fits = (interaction) => {
  if (interaction.status !== "open") return false;
  if (channel.value && interaction.channel !== channel.value) return false;
  const now = standing(interaction);
  const wanted = state.value;
  if (wanted === "trouble" ? !TROUBLE.includes(now) : wanted === "unverified" ? !["unverified", "expired"].includes(now) : wanted && now !== wanted) {
    return false;
  }
  const words = search.value.trim().toLocaleLowerCase();
  const texts = [interaction.conversation, interaction.id, ...interaction.participants.map((one) => one.name ?? "")];
  return !words || texts.some((text) => text.toLocaleLowerCase().includes(words));
};

/** Newest first: ids begin with the time. */
const sort = () => {
  const fitting = [...known.values()].filter(fits);
  shown = fitting.map((interaction) => interaction.id).sort((a, b) => (a < b ? 1 : -1));
  const open = [...known.values()].filter((interaction) => interaction.status === "open").length;
  count.textContent = shown.length ? t("count", { shown: shown.length, count: open }) : t("none");
  all.style.setProperty("height", `${shown.length * HEIGHT}px`);
  draw();
};

let sorting = false;
const soon = () => {
  if (sorting) return;
  sorting = true;
  requestAnimationFrame(() => {
    sorting = false;
    sort();
  });
};

/** @type {Map<string, { element: HTMLElement, interaction: Interaction }>} */
const drawn = new Map(); // id → its row, and what it shows

/** @param {Interaction} interaction */
const row = (interaction) => {
  const who = primary(interaction);
  const now = standing(interaction);
  const made = make(
    "div",
    "row",
    icon(who, now),
    make("bdi", "row-name", who.name || t("nobody")),
    make("span", "row-channel", interaction.channel),
    make("span", `row-state state-${now}`, t(`state.${now}`)),
    make("span", "row-left", left(endOf(who, now) ?? "")),
  );
  made.id = `row-${interaction.id}`;
  made.dataset.id = interaction.id;
  made.dataset.state = now;
  made.setAttribute("role", "option");
  return made;
};

/** Draws what is in sight; rows that stayed are kept. */
const draw = () => {
  const from = Math.max(0, Math.floor(rows.scrollTop / HEIGHT) - AROUND);
  const to = Math.min(shown.length, Math.ceil((rows.scrollTop + rows.clientHeight) / HEIGHT) + AROUND);
  const wanted = new Set(shown.slice(from, to));
  for (const [id, { element }] of drawn) {
    if (!wanted.has(id)) {
      element.remove();
      drawn.delete(id);
    }
  }
  for (const [n, id] of shown.slice(from, to).entries()) {
    const interaction = known.get(id);
    if (!interaction) continue;
    const at = from + n;
    const before = drawn.get(id);
    const isSame = before?.interaction === interaction && before.element.dataset.state === standing(interaction);
    const element = isSame ? before.element : row(interaction);
    if (!before) all.append(element);
    else if (!isSame) before.element.replaceWith(element);
    drawn.set(id, { element, interaction });
    element.style.setProperty("transform", `translateY(${at * HEIGHT}px)`);
    element.setAttribute("aria-posinset", String(at + 1));
    element.setAttribute("aria-setsize", String(shown.length));
    element.setAttribute("aria-selected", String(id === chosen));
  }
  rows.setAttribute("aria-activedescendant", chosen && drawn.has(chosen) ? `row-${chosen}` : "");
};

/** Each second only what is in sight counts down; a flag that ends is told by nobody and falls here, too. */
const tick = () => {
  for (const [id, { element }] of drawn) {
    const interaction = known.get(id);
    if (!interaction) continue;
    const now = standing(interaction);
    if (now !== element.dataset.state) soon();
    else element.lastElementChild?.replaceChildren(left(endOf(primary(interaction), now) ?? ""));
  }
  panel.tick();
};
setInterval(tick, 1000);

/** @param {Interaction} interaction */
const put = (interaction) => {
  known.set(interaction.id, interaction);
  if (![...channel.options].some((option) => option.value === interaction.channel)) {
    channel.append(make("option", "", interaction.channel));
  }
  if (interaction.id === panel.id) panel.show(interaction, surely(interaction.id));
  soon();
};

/** @param {string} id */
const doubt = (id) => {
  if (id === panel.id) panel.sure(false);
  soon();
};

// What happened to a conversation is asked for once, however much it was.
/** @param {string} id */
const gone = (id) => {
  known.delete(id);
  doubt(id);
};
const readings = new Readings({ got: put, lost: doubt, gone }, ABREAST);

/** Everything that is open; what happens meanwhile comes by the stream, which stands already. */
const load = async () => {
  const there = new Set();
  let cursor = "";
  do {
    const after = cursor && `&cursor=${encodeURIComponent(cursor)}`;
    /** @type {Schemas["InteractionPage"]} */
    const page = await api("GET", `/v1/interactions?status=open&limit=${PAGE}&team=${encodeURIComponent(team)}${after}`);
    for (const interaction of page.items) {
      there.add(interaction.id);
      readings.taken(interaction.id);
      put(interaction);
    }
    cursor = page.next_cursor ?? "";
  } while (cursor);
  for (const id of known.keys()) if (!there.has(id)) readings.want(id);
};

/** @param {Connection} kind */
const say = (kind) => {
  sure = kind === "live";
  live.dataset.state = kind;
  live.replaceChildren(t(kind));
  if (kind === "over") {
    const again = make("a", "", t("again"));
    again.href = `/signin?next=${encodeURIComponent(`/agent?team=${team}`)}`;
    live.append(" ", again);
  }
  panel.sure(surely(panel.id ?? ""));
  soon();
};

/** @param {Connection} kind */
const stood = async (kind) => {
  if (kind !== "live") {
    say(kind);
    return;
  }
  await load(); // before anything is called live
  say("live");
};

/** @param {TeamEvent} event */
const heard = (event) => {
  if (!event.interaction) return;
  readings.want(event.interaction);
  if (event.interaction === panel.id) panel.heard(event);
};

/**
 * @param {string} id
 * @param {boolean} open
 */
const choose = (id, open) => {
  chosen = id;
  const at = shown.indexOf(id);
  if (at >= 0) {
    const [top, bottom] = [at * HEIGHT, (at + 1) * HEIGHT];
    if (top < rows.scrollTop) rows.scrollTop = top;
    else if (bottom > rows.scrollTop + rows.clientHeight) rows.scrollTop = bottom - rows.clientHeight;
  }
  draw();
  const interaction = known.get(id);
  if (open && interaction) {
    document.body.classList.add("in-panel");
    history.replaceState(null, "", `#${id}`);
    panel.open(interaction, surely(id));
  }
};

rows.addEventListener("scroll", () => draw(), { passive: true });
new ResizeObserver(() => draw()).observe(rows);
rows.addEventListener("click", (event) => {
  /** @type {HTMLElement | null} */
  const found = event.target instanceof Element ? event.target.closest("[data-id]") : null;
  if (found?.dataset.id) choose(found.dataset.id, true);
});
rows.addEventListener("focus", () => {
  const [first] = shown;
  if (!shown.includes(chosen) && first) choose(first, false);
});

/** @type {Record<string, number>} */
const STEPS = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8, Home: -1e9, End: 1e9 };
rows.addEventListener("keydown", (event) => {
  const step = STEPS[event.key];
  if (event.key === "Enter" && chosen) choose(chosen, true);
  else if (step && shown.length) {
    const at = Math.min(shown.length - 1, Math.max(0, shown.indexOf(chosen) + step));
    choose(shown[at] ?? "", false);
  } else return;
  event.preventDefault();
});

addEventListener("keydown", (event) => {
  const writing = event.target instanceof Element && event.target.closest("input, select, textarea, dialog");
  if (event.key === "Escape" && document.body.classList.contains("in-panel") && !writing) panel.close();
  else if (writing || event.ctrlKey || event.metaKey || event.altKey) return;
  else if (event.key === "/") search.focus();
  else if (event.key === "n") of("new").click();
  else return;
  event.preventDefault();
});

for (const filter of [search, state, channel]) filter.addEventListener("input", soon);
search.form?.addEventListener("submit", (event) => {
  event.preventDefault();
  rows.focus();
});
search.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown" || event.key === "Escape") rows.focus();
});

begin(of("new"), find(document, "#dialog", HTMLDialogElement), async (interaction) => {
  put(await api("GET", `/v1/interactions/${interaction}`));
  readings.want(interaction); // what happened meanwhile
  sort();
  choose(interaction, true);
});

live.textContent = t("loading");
panel.empty();
listen(heard, stood);
