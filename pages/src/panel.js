// One conversation's panel: who, proved how, since when and until when; what may be done; what happened. It is
// the same in the agent console and in a frame on somebody else's page.
//
// A code is asked for only when somebody points at its icon, and each look is written down by the gateway.

import { api, endOf, initials, knows, left, listen, make, moment, stateOf, t } from "./api.js";
import { Readings } from "./readings.js";

const DWELL = 250; // milliseconds that a pointer rests before a code is asked for
const SEEN = 30_000; // how long a code stands there

const line = (name, ...value) => {
  const dd = make("dd", "", ...value);
  return make("div", "", make("dt", "", name), dd);
};

const button = (act, name, more = "") => {
  const made = make("button", `button small ${more}`, name);
  made.type = "button";
  made.dataset.act = act;
  return made;
};

export class Panel {
  #place;
  #told; // whoever reads conversations anew, and is told of a way back where there is one
  #interaction = null;
  #sure = false;
  #said = null; // what the last act led to
  #history = [];
  #complete = true;
  #seen = null; // the code that stands there
  #asked = 0;
  #drawing = false;

  constructor(place, told) {
    this.#place = place;
    this.#told = told;
    place.addEventListener("click", (event) => this.#clicked(event));
    for (const kind of ["mouseover", "focusin"]) place.addEventListener(kind, (event) => this.#pointed(event));
    for (const kind of ["mouseout", "focusout"]) place.addEventListener(kind, (event) => this.#left(event));
    place.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.#seen) {
        event.stopPropagation();
        this.#hide();
      }
    });
  }

  /** Whose panel stands open. */
  get id() {
    return this.#interaction?.id ?? null;
  }

  empty() {
    this.#place.replaceChildren(make("p", "quiet desk-pick", t("pick")));
  }

  open(interaction, sure) {
    [this.#said, this.#history, this.#seen] = [null, [], null];
    this.show(interaction, sure);
    this.#place.focus();
    this.#read(interaction.id);
  }

  close() {
    this.#interaction = null;
    this.#hide();
    history.replaceState(null, "", location.pathname + location.search);
    this.empty();
    this.#told.closed?.();
  }

  show(interaction, sure) {
    this.#interaction = interaction;
    this.#sure = sure;
    this.#draw();
  }

  sure(sure) {
    this.#sure = sure;
    if (this.#interaction) this.#draw();
  }

  heard(event) {
    if (this.#history.some((one) => one.id === event.id)) return;
    this.#history.unshift(event);
    if (this.#interaction) this.#draw();
  }

  tick() {
    if (!this.#interaction) return;
    for (const person of this.#place.querySelectorAll("[data-person]")) {
      const found = this.#interaction.participants.find((one) => one.id === person.dataset.person);
      const state = this.#stateOf(found);
      if (state !== person.dataset.state) {
        this.#draw();
        return;
      }
      const count = person.querySelector("[data-left]");
      if (count) count.textContent = left(endOf(found, state) ?? "");
    }
  }

  async #read(id) {
    try {
      const { items, complete } = await api("GET", `/v1/interactions/${id}/history`);
      if (this.#interaction?.id !== id) return;
      const told = new Set(items.map((one) => one.id));
      this.#history = [...this.#history.filter((one) => !told.has(one.id)), ...items];
      this.#complete = complete;
      this.#draw();
    } catch {
      // The panel stands without it; the stream brings what comes.
    }
  }

  #stateOf(person) {
    return stateOf(person, this.#interaction.status === "open", this.#sure);
  }

  #draw() {
    const focused = this.#place.contains(document.activeElement) ? this.#pathOf(document.activeElement) : null;
    const { participants } = this.#interaction;
    const people = participants.map((person) => this.#person(person));
    const parts = [this.#head(), ...people, this.#spoken(), this.#past()];
    this.#drawing = true; // what is drawn anew is neither left nor come to
    this.#place.replaceChildren(...parts.filter(Boolean));
    if (focused) this.#place.querySelector(focused)?.focus();
    this.#drawing = false;
  }

  #pathOf(element) {
    const person = element.closest("[data-person]")?.dataset.person;
    const act = element.dataset.act;
    if (!act) return null;
    return person ? `[data-person="${person}"] [data-act="${act}"]` : `[data-act="${act}"]`;
  }

  #head() {
    const { channel, conversation, opened_at: opened } = this.#interaction;
    const back = button("back", t("back"), "button-plain");
    const facts = make("h1", "panel-title quiet", channel, " · ", make("bdi", "", conversation), " · ", moment(opened));
    return make("header", "panel-head", this.#told.closed ? back : null, facts);
  }

  #person(person) {
    const state = this.#stateOf(person);
    const section = make("section", `person-card state-${state}`);
    section.dataset.person = person.id;
    section.dataset.state = state;
    const name = make("h2", "", make("bdi", "", person.name || t("nobody")));
    const role = make("span", "badge", t(person.role));
    section.append(make("header", "person-head", this.#initials(person, state), make("div", "", name, role), this.#status(person, state)));
    section.append(...this.#warnings(person, state), this.#facts(person, state), ...this.#waiting(person));
    if (this.#interaction.status === "open") section.append(this.#acts(person, state));
    return section;
  }

  /** Initials, and behind them the PIN while one is asked for. */
  #initials(person, state) {
    const pin = person.challenge?.method === "pin";
    const icon = make(pin ? "button" : "span", `who who-${state}`, initials(person.name));
    icon.dataset.state = state;
    if (!pin) {
      icon.setAttribute("role", "img");
      icon.setAttribute("aria-label", t(`state.${state}`));
      return icon;
    }
    return this.#hides(icon, "pin", person);
  }

  /** How she stands, and behind it the code while one is asked for. */
  #status(person, state) {
    const shown = this.#place.dataset.showsCodes === "true";
    const otp = person.challenge?.method === "otp" && shown;
    const icon = make(otp ? "button" : "span", `standing state-${state}`, t(`state.${state}`));
    const end = endOf(person, state);
    const count = make("span", "standing-left", end ? left(end) : "");
    count.dataset.left = "";
    icon.append(count);
    return otp ? this.#hides(icon, "otp", person) : icon;
  }

  #hides(icon, method, person) {
    icon.type = "button";
    icon.dataset.act = `reveal-${method}`;
    icon.dataset.challenge = person.challenge.id;
    icon.append(" ", make("span", "unseen", t(method === "pin" ? "pin" : "code", { name: person.name || t("nobody") })));
    const seen = this.#seen?.challenge === person.challenge.id ? this.#seen : null;
    const around = make("span", "hides", icon);
    if (seen) {
      const bubble = make("span", "seen", make("strong", "seen-code", seen.text), seen.code ? make("small", "", t("revealed")) : null);
      bubble.setAttribute("role", "status");
      around.append(bubble);
    }
    return around;
  }

  #warnings(person, state) {
    const made = [];
    const say = (text) => {
      const shown = make("p", "caution", text);
      shown.setAttribute("role", "alert");
      made.push(shown);
    };
    if (this.#reported(person)) say(t("report"));
    if (state === "locked") {
      const until = person.lockout.until ? moment(person.lockout.until).textContent : "";
      say(t("locked", { time: until }));
    }
    if (state === "banned") say(t("banned"));
    if (person.lockout.reported_until) say(t("held", { time: moment(person.lockout.reported_until).textContent }));
    return made;
  }

  /** "This wasn't me" stands there until something was proved after it. */
  #reported(person) {
    if (person.authentication.reason === "reported") return true;
    const about = this.#history.find(
      (event) => event.participant === person.id && ["link.reported", "participant.authenticated"].includes(event.type),
    );
    return about?.type === "link.reported";
  }

  #facts(person, state) {
    const { authentication: flag } = person;
    const facts = make("dl", "facts");
    if (state === "verified") {
      const methods = flag.methods.map((method) => t(`method.${method}`)).join(", ");
      facts.append(line(t("by"), methods, flag.assisted ? make("small", "quiet", ` ${t("assisted")}`) : null));
      facts.append(line(t("since"), moment(flag.since)), line(t("until"), moment(flag.expires_at)));
      const customer = flag.customer ?? {};
      const called = [customer.name, customer.id].filter(Boolean).join(" · ");
      if (called) facts.append(line(t("customer"), make("bdi", "", called)));
      for (const [name, value] of Object.entries(customer.private_data ?? {})) {
        facts.append(line(name, make("bdi", "", value)));
      }
    }
    if (person.phone) facts.append(line(t("phone"), make("bdi", "", person.phone)));
    if (person.email) facts.append(line(t("email"), make("bdi", "", person.email)));
    if (state !== "verified") facts.append(line(t("customer"), make("span", "quiet", t("masked"))));
    return facts;
  }

  #waiting(person) {
    const { challenge, login_link: link, entry } = person;
    const made = [];
    const say = (text) => made.push(make("p", "quiet", text));
    if (link && link.purpose !== "entry") say(t("wait.link", { state: t(`wait.${link.status}`) }));
    if (challenge) {
      if (challenge.status === "answered") say(t("wait.right"));
      else say(t(`wait.${challenge.method === "pin" ? "pin" : "otp"}`, { count: challenge.tries_left }));
      const { delivery } = challenge;
      if (delivery) say(t("wait.to", { to: delivery.to ?? delivery.channel, state: t(`delivery.${delivery.status}`) }));
    }
    if (entry.status !== "none") say(t(`entry.${entry.status}`));
    return made;
  }

  #acts(person, state) {
    const acts = make("div", "acts");
    const { challenge } = person;
    const held = state === "locked" || state === "banned" || person.lockout.reported_until;
    if (held) acts.append(button("unlock", t("act.unlock")));
    acts.append(button("link", t("act.link"), "button-plain"));
    if (challenge?.method === "otp" && challenge.delivery) acts.append(button("resend", t("act.resend"), "button-plain"));
    else acts.append(button("code", t("act.code"), "button-plain"));
    if (this.#place.dataset.showsCodes === "true") acts.append(button("tell", t("act.tell"), "button-plain"));
    if (person.authentication.authenticated) acts.append(button("signout", t("act.signout"), "button-danger"));
    for (const one of acts.children) one.disabled = !this.#sure;
    return acts;
  }

  #spoken() {
    if (!this.#said) return null;
    const { text, bad, url } = this.#said;
    const shown = make("div", bad ? "error" : "said", make("p", "", text));
    shown.setAttribute("role", bad ? "alert" : "status");
    if (url) {
      const field = make("input", "said-url");
      [field.readOnly, field.value] = [true, url];
      field.setAttribute("aria-label", t("act.copy"));
      shown.append(field, button("copy", t("act.copy"), "button-plain"));
    }
    return shown;
  }

  #past() {
    const list = make("ol", "past");
    for (const event of this.#history) {
      const key = `on.${event.type}`;
      const who = this.#interaction.participants.find((one) => one.id === event.participant);
      const several = this.#interaction.participants.length > 1 && who;
      const text = knows(key) ? t(key) : t("history.other", { type: event.type });
      const methods = event.type === "participant.authenticated" ? (event.data.methods ?? []) : [];
      const by = methods.length ? ` (${methods.map((method) => t(`method.${method}`)).join(", ")})` : "";
      list.append(make("li", `on-${event.type.replaceAll(".", "-")}`, moment(event.at), " ", several ? make("bdi", "", `${who.name || t("nobody")}: `) : null, text + by));
    }
    const older = this.#complete ? null : make("p", "quiet", t("history.older"));
    return make("section", "panel-past", make("h2", "", t("history")), list, older);
  }

  #clicked(event) {
    const found = event.target.closest("[data-act]");
    if (!found) return;
    const { act } = found.dataset;
    const person = found.closest("[data-person]")?.dataset.person;
    if (act === "back") this.close();
    else if (act === "copy") navigator.clipboard?.writeText(this.#said.url).catch(() => {});
    else if (act.startsWith("reveal-")) this.#look(found.dataset.challenge);
    else this.#do(act, person);
  }

  #pointed(event) {
    const found = event.target.closest?.("[data-challenge]");
    if (!found || this.#drawing) return;
    const { challenge } = found.dataset;
    clearTimeout(this.#asked);
    this.#asked = setTimeout(() => this.#look(challenge), event.type === "focusin" ? 0 : DWELL);
  }

  #left(event) {
    const found = event.target.closest?.("[data-challenge]");
    if (!found || this.#drawing) return;
    clearTimeout(this.#asked);
    const still = event.type === "mouseout" ? found === document.activeElement : found.matches(":hover");
    if (!still && !found.contains(event.relatedTarget)) this.#hide();
  }

  /** One look, and no second one while the first stands there; what was refused may be asked for again. */
  async #look(challenge) {
    if (this.#seen?.challenge === challenge && (this.#seen.code || this.#seen.asked)) return;
    this.#seen = { challenge, text: "…", code: false, asked: true };
    let seen;
    try {
      const { code } = await api("GET", `/v1/challenges/${challenge}/code`);
      seen = { challenge, text: code, code: true };
    } catch (refused) {
      const known = ["not-arrived", "not-shown", "code-gone"].includes(refused.code);
      seen = { challenge, text: known ? refused.message : t("failed", { why: refused.message }), code: false };
    }
    if (this.#seen?.challenge !== challenge || !this.#seen.asked) return;
    this.#seen = seen;
    this.#draw();
    setTimeout(() => this.#seen === seen && this.#hide(), SEEN);
  }

  #hide() {
    clearTimeout(this.#asked);
    if (!this.#seen) return;
    this.#seen = null;
    if (this.#interaction) this.#draw();
  }

  async #do(act, person) {
    const { id, participants } = this.#interaction;
    const at = `/v1/interactions/${id}`;
    const challenge = participants.find((one) => one.id === person)?.challenge;
    const acts = {
      link: () => api("POST", `${at}/login-links`, { purpose: "mid_chat", participant: person, deliver: true }),
      code: () => api("POST", `${at}/challenges`, { method: "otp", participant: person }),
      tell: () => api("POST", `${at}/challenges`, { method: "otp", participant: person, deliver_to: "agent" }),
      resend: () => api("POST", `/v1/challenges/${challenge?.id}/resend`, {}),
      signout: () => api("POST", `${at}/sign-out`, { participant: person }),
      unlock: () => api("POST", `${at}/participants/${person}/unlock`, { reason: t("unlocked.reason") }),
    };
    for (const one of this.#place.querySelectorAll("[data-act]")) one.disabled = true;
    let said;
    try {
      const told = await acts[act]();
      const byHand = act === "link" && !told.delivery;
      const done = { resend: "code" }[act] ?? act;
      said = { text: t(byHand ? "done.hand" : `done.${done}`), url: byHand ? told.url : null };
    } catch (refused) {
      said = { text: t("failed", { why: refused.message }), bad: true };
    }
    this.#told.want(id);
    if (this.id !== id) return; // another customer's panel stands here by now
    this.#said = said;
    this.#draw();
  }
}

/** A panel that stands alone: it listens to its one conversation itself. */
export const alone = async (place, id) => {
  let live = false;
  const doubt = () => panel.sure(false);
  const got = (interaction) => panel.show(interaction, live && readings.knows(id));
  const readings = new Readings({ got, lost: doubt, gone: doubt });
  const panel = new Panel(place, { want: () => readings.want(id) });
  setInterval(() => panel.tick(), 1000);
  panel.open(await api("GET", `/v1/interactions/${id}`), false);
  listen(
    (event) => {
      panel.heard(event);
      readings.want(id);
    },
    (kind) => {
      live = kind === "live";
      readings.doubt(id); // what was read before the stream stood
      doubt();
      if (live) readings.want(id);
    },
  );
};
