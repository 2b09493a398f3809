// The agent console's list: the team's open conversations, live. Only the rows that are in sight exist, so
// thousands cost no more than a screenful. One conversation's panel is `panel.js`'.

import "./console.js";
import { api, endOf, icon, left, listen, make, stateOf, t, team } from "./api.js";
import { begin } from "./new.js";
import { Panel } from "./panel.js";
import { Readings } from "./readings.js";

const of = (id) => document.getElementById(id);
const [rows, all, live, count] = ["rows", "all", "live", "count"].map(of);
const [search, state, channel] = ["search", "state", "channel"].map(of);

const HEIGHT = 64; // pixels of a row, as console.css has it
const AROUND = 6; // rows drawn above and below what is in sight
const PAGE = 200;
const ABREAST = 6; // conversations asked for at once

const known = new Map(); // id → interaction as the API tells it
let shown = []; // ids in order, as filtered
let chosen = null;
let sure = false; // the stream stands

const panel = new Panel(of("panel"), {
  closed: () => {
    document.body.classList.remove("in-panel");
    rows.focus();
  },
  want: (id) => readings.want(id),
});

const primary = (interaction) => interaction.participants.find((one) => one.role === "primary") ?? interaction.participants[0];

/** Whether what is known of it holds: only then anybody looks verified. */
const surely = (id) => sure && known.has(id) && readings.knows(id);

const standing = (interaction) => stateOf(primary(interaction), interaction.status === "open", surely(interaction.id));

const TROUBLE = ["locked", "banned", "reported"];

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

const drawn = new Map(); // id → its row

const row = (id) => {
  const interaction = known.get(id);
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
  made.id = `row-${id}`;
  made.dataset.id = id;
  made.dataset.state = now;
  made.setAttribute("role", "option");
  return made;
};

/** Draws what is in sight; rows that stayed are kept. */
const draw = () => {
  const from = Math.max(0, Math.floor(rows.scrollTop / HEIGHT) - AROUND);
  const to = Math.min(shown.length, Math.ceil((rows.scrollTop + rows.clientHeight) / HEIGHT) + AROUND);
  const wanted = new Set(shown.slice(from, to));
  for (const [id, element] of drawn) {
    if (!wanted.has(id)) {
      element.remove();
      drawn.delete(id);
    }
  }
  for (let at = from; at < to; at += 1) {
    const id = shown[at];
    let element = drawn.get(id);
    const interaction = known.get(id);
    if (!element || element.interaction !== interaction || element.dataset.state !== standing(interaction)) {
      const fresh = row(id);
      fresh.interaction = interaction;
      if (element) element.replaceWith(fresh);
      else all.append(fresh);
      drawn.set(id, fresh);
      element = fresh;
    }
    element.style.setProperty("transform", `translateY(${at * HEIGHT}px)`);
    element.setAttribute("aria-posinset", at + 1);
    element.setAttribute("aria-setsize", shown.length);
    element.setAttribute("aria-selected", id === chosen);
  }
  rows.setAttribute("aria-activedescendant", chosen && drawn.has(chosen) ? `row-${chosen}` : "");
};

/** Each second only what is in sight counts down; a flag that ends is told by nobody and falls here, too. */
const tick = () => {
  for (const [id, element] of drawn) {
    const interaction = known.get(id);
    const now = standing(interaction);
    if (now !== element.dataset.state) soon();
    else element.lastChild.textContent = left(endOf(primary(interaction), now) ?? "");
  }
  panel.tick();
};
setInterval(tick, 1000);

const put = (interaction) => {
  known.set(interaction.id, interaction);
  if (![...channel.options].some((option) => option.value === interaction.channel)) {
    channel.append(make("option", "", interaction.channel));
  }
  if (interaction.id === panel.id) panel.show(interaction, surely(interaction.id));
  soon();
};

const doubt = (id) => {
  if (id === panel.id) panel.sure(false);
  soon();
};

// What happened to a conversation is asked for once, however much it was.
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
    const page = await api("GET", `/v1/interactions?status=open&limit=${PAGE}&team=${encodeURIComponent(team)}${after}`);
    for (const interaction of page.items) {
      there.add(interaction.id);
      readings.taken(interaction.id);
      put(interaction);
    }
    cursor = page.next_cursor;
  } while (cursor);
  for (const id of known.keys()) if (!there.has(id)) readings.want(id);
};

const say = (kind) => {
  sure = kind === "live";
  live.dataset.state = kind;
  live.replaceChildren(t(kind));
  if (kind === "over") {
    const again = make("a", "", t("again"));
    again.href = `/signin?next=${encodeURIComponent(`/agent?team=${team}`)}`;
    live.append(" ", again);
  }
  panel.sure(surely(panel.id));
  soon();
};

const stood = async (kind) => {
  if (kind !== "live") {
    say(kind);
    return;
  }
  await load(); // before anything is called live
  say("live");
};

const heard = (event) => {
  if (!event.interaction) return;
  readings.want(event.interaction);
  if (event.interaction === panel.id) panel.heard(event);
};

const choose = (id, open) => {
  chosen = id;
  const at = shown.indexOf(id);
  if (at >= 0) {
    const [top, bottom] = [at * HEIGHT, (at + 1) * HEIGHT];
    if (top < rows.scrollTop) rows.scrollTop = top;
    else if (bottom > rows.scrollTop + rows.clientHeight) rows.scrollTop = bottom - rows.clientHeight;
  }
  draw();
  if (open) {
    document.body.classList.add("in-panel");
    history.replaceState(null, "", `#${id}`);
    panel.open(known.get(id), surely(id));
  }
};

rows.addEventListener("scroll", () => draw(), { passive: true });
new ResizeObserver(() => draw()).observe(rows);
rows.addEventListener("click", (event) => {
  const found = event.target.closest("[data-id]");
  if (found) choose(found.dataset.id, true);
});
rows.addEventListener("focus", () => {
  if (!shown.includes(chosen) && shown.length) choose(shown[0], false);
});

const STEPS = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8, Home: -1e9, End: 1e9 };
rows.addEventListener("keydown", (event) => {
  const step = STEPS[event.key];
  if (event.key === "Enter" && chosen) choose(chosen, true);
  else if (step && shown.length) {
    const at = Math.min(shown.length - 1, Math.max(0, shown.indexOf(chosen) + step));
    choose(shown[at], false);
  } else return;
  event.preventDefault();
});

addEventListener("keydown", (event) => {
  const writing = event.target.closest?.("input, select, textarea, dialog");
  if (event.key === "Escape" && document.body.classList.contains("in-panel") && !writing) panel.close();
  else if (writing || event.ctrlKey || event.metaKey || event.altKey) return;
  else if (event.key === "/") search.focus();
  else if (event.key === "n") of("new").click();
  else return;
  event.preventDefault();
});

for (const filter of [search, state, channel]) filter.addEventListener("input", soon);
search.form.addEventListener("submit", (event) => {
  event.preventDefault();
  rows.focus();
});
search.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown" || event.key === "Escape") rows.focus();
});

begin(of("new"), of("dialog"), async (interaction) => {
  put(await api("GET", `/v1/interactions/${interaction}`));
  readings.want(interaction); // what happened meanwhile
  sort();
  choose(interaction, true);
});

live.textContent = t("loading");
panel.empty();
listen(heard, stood);
