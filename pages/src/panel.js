// One conversation's panel: who, proved how, since when and until when; what may be done; what happened. It is
// the same in the agent console and in a frame on somebody else's page.
//
// A code is asked for only when somebody points at its icon, and each look is written down by the gateway.

import { Refused, api, endOf, initials, knows, left, listen, make, messageOf, moment, stateOf, t } from "./api.js";
import { Readings } from "./readings.js";

const DWELL = 250; // milliseconds that a pointer rests before a code is asked for
const SEEN = 30_000; // how long a code stands there

/**
 * @param {string} name
 * @param {...(Node | string | null)} value
 */
const line = (name, ...value) => {
  const dd = make("dd", "", ...value);
  return make("div", "", make("dt", "", name), dd);
};

/**
 * @param {string} act
 * @param {string} name
 */
const button = (act, name, more = "") => {
  const made = make("button", `button small ${more}`, name);
  made.type = "button";
  made.dataset.act = act;
  return made;
};

/**
 * Reads conversations anew, and is told of a way back where there is one.
 *
 * @typedef {object} PanelListener
 * @property {(id: string) => void} want
 * @property {() => void} [closed]
 */

/** @typedef {{ challenge: string, text: string, code: boolean, asked?: boolean }} SeenCode */

/** @param {Event} event */
const targetOf = ({ target }) => (target instanceof Element ? target : null);

export class Panel {
  #place;
  #told;
  /** @type {Interaction | null} */
  #interaction = null;
  #sure = false;
  /** @type {{ text: string, bad?: boolean, url?: string | null } | null} what the last act led to */
  #said = null;
  /** @type {TeamEvent[]} */
  #history = [];
  #complete = true;
  /** @type {SeenCode | null} the code that stands there */
  #seen = null;
  #asked = 0;
  #drawing = false;

  /**
   * @param {HTMLElement} place
   * @param {PanelListener} told
   */
  constructor(place, told) {
    this.#place = place;
    this.#told = told;
    place.addEventListener("click", (event) => this.#clicked(event));
    for (const kind of /** @type {const} */ (["mouseover", "focusin"])) place.addEventListener(kind, (event) => this.#pointed(event));
    for (const kind of /** @type {const} */ (["mouseout", "focusout"])) place.addEventListener(kind, (event) => this.#left(event));
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

  /**
   * @param {Interaction} interaction
   * @param {boolean} sure
   */
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

  /**
   * @param {Interaction} interaction
   * @param {boolean} sure
   */
  show(interaction, sure) {
    this.#interaction = interaction;
    this.#sure = sure;
    this.#draw();
  }

  /** @param {boolean} sure */
  sure(sure) {
    this.#sure = sure;
    this.#draw();
  }

  /** @param {TeamEvent} event */
  heard(event) {
    if (this.#history.some((one) => one.id === event.id)) return;
    this.#history.unshift(event);
    this.#draw();
  }

  tick() {
    if (!this.#interaction) return;
    /** @type {NodeListOf<HTMLElement>} */
    const people = this.#place.querySelectorAll("[data-person]");
    for (const person of people) {
      const found = this.#interaction.participants.find((one) => one.id === person.dataset.person);
      if (!found) continue;
      const state = this.#stateOf(found);
      if (state !== person.dataset.state) {
        this.#draw();
        return;
      }
      const count = person.querySelector("[data-left]");
      if (count) count.textContent = left(endOf(found, state) ?? "");
    }
  }

  /** @param {string} id */
  async #read(id) {
    try {
      /** @type {{ items: TeamEvent[], complete: boolean }} */
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

  /** @param {Participant} person */
  #stateOf(person) {
    return stateOf(person, this.#interaction?.status === "open", this.#sure);
  }

  /** Draws the conversation, where one stands open. */
  #draw() {
    const interaction = this.#interaction;
    if (!interaction) return;
    const active = document.activeElement;
    const focused = active instanceof HTMLElement && this.#place.contains(active) ? this.#pathOf(active) : null;
    const people = interaction.participants.map((person) => this.#person(person));
    const parts = [this.#head(interaction), ...people, this.#spoken(), this.#past(interaction)];
    this.#drawing = true; // what is drawn anew is neither left nor come to
    this.#place.replaceChildren(...parts.filter((part) => part !== null));
    /** @type {HTMLElement | null} */
    const again = focused ? this.#place.querySelector(focused) : null;
    again?.focus();
    this.#drawing = false;
  }

  /** @param {HTMLElement} element */
  #pathOf(element) {
    const person = this.#personOf(element);
    const act = element.dataset.act;
    if (!act) return null;
    return person ? `[data-person="${person}"] [data-act="${act}"]` : `[data-act="${act}"]`;
  }

  /**
   * Whose card the element is on.
   *
   * @param {Element} element
   */
  #personOf(element) {
    /** @type {HTMLElement | null} */
    const card = element.closest("[data-person]");
    return card?.dataset.person;
  }

  /** @param {Interaction} interaction */
  #head({ channel, conversation, opened_at: opened }) {
    const back = button("back", t("back"), "button-plain");
    const facts = make("h1", "panel-title quiet", channel, " · ", make("bdi", "", conversation), " · ", moment(opened));
    return make("header", "panel-head", this.#told.closed ? back : null, facts);
  }

  /** @param {Participant} person */
  #person(person) {
    const state = this.#stateOf(person);
    const section = make("section", `person-card state-${state}`);
    section.dataset.person = person.id;
    section.dataset.state = state;
    const name = make("h2", "", make("bdi", "", person.name || t("nobody")));
    const role = make("span", "badge", t(person.role));
    section.append(make("header", "person-head", this.#initials(person, state), make("div", "", name, role), this.#status(person, state)));
    section.append(...this.#warnings(person, state), this.#facts(person, state), ...this.#waiting(person));
    if (this.#interaction?.status === "open") section.append(this.#acts(person, state));
    return section;
  }

  /**
   * Initials, and behind them the PIN while one is asked for.
   *
   * @param {Participant} person
   * @param {string} state
   */
  #initials(person, state) {
    const { challenge } = person;
    const [name, shown] = [`who who-${state}`, initials(person.name)];
    if (challenge?.form === "agreed_number") {
      const icon = make("button", name, shown);
      icon.dataset.state = state;
      return this.#hides(icon, person, challenge);
    }
    const icon = make("span", name, shown);
    icon.dataset.state = state;
    icon.setAttribute("role", "img");
    icon.setAttribute("aria-label", t(`state.${state}`));
    return icon;
  }

  /**
   * How she stands, and behind it the code while one is asked for.
   *
   * @param {Participant} person
   * @param {string} state
   */
  #status(person, state) {
    const { challenge } = person;
    const end = endOf(person, state);
    const count = make("span", "standing-left", end ? left(end) : "");
    count.dataset.left = "";
    const [name, said] = [`standing state-${state}`, t(`state.${state}`)];
    if (challenge?.form === "code" && this.#place.dataset.showsCodes === "true") {
      return this.#hides(make("button", name, said, count), person, challenge);
    }
    return make("span", name, said, count);
  }

  /**
   * The answer of a challenge, behind an icon.
   *
   * @param {HTMLButtonElement} icon
   * @param {Participant} person
   * @param {Schemas["ChallengeView"]} challenge
   */
  #hides(icon, person, challenge) {
    icon.type = "button";
    const isAgreed = challenge.form === "agreed_number";
    icon.dataset.act = isAgreed ? "reveal-pin" : "reveal-otp";
    icon.dataset.challenge = challenge.id;
    icon.append(" ", make("span", "unseen", t(isAgreed ? "pin" : "code", { name: person.name || t("nobody") })));
    const seen = this.#seen?.challenge === challenge.id ? this.#seen : null;
    const around = make("span", "hides", icon);
    if (seen) {
      const bubble = make("span", "seen", make("strong", "seen-code", seen.text), seen.code ? make("small", "", t("revealed")) : null);
      bubble.setAttribute("role", "status");
      around.append(bubble);
    }
    return around;
  }

  /**
   * @param {Participant} person
   * @param {string} state
   */
  #warnings(person, state) {
    /** @type {HTMLElement[]} */
    const made = [];
    const say = (/** @type {string} */ text) => {
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

  /**
   * "This wasn't me" stands there until something was proved after it.
   *
   * @param {Participant} person
   */
  #reported(person) {
    if (person.authentication.reason === "reported") return true;
    const about = this.#history.find(
      (event) => event.participant === person.id && ["link.reported", "participant.authenticated"].includes(event.type),
    );
    return about?.type === "link.reported";
  }

  /**
   * @param {Participant} person
   * @param {string} state
   */
  #facts(person, state) {
    const { authentication: flag } = person;
    const facts = make("dl", "facts");
    if (state === "verified") {
      const methods = flag.methods.map((method) => t(`method.${method}`)).join(", ");
      facts.append(line(t("by"), methods, flag.assisted ? make("small", "quiet", ` ${t("assisted")}`) : null));
      if (flag.since) facts.append(line(t("since"), moment(flag.since)));
      if (flag.expires_at) facts.append(line(t("until"), moment(flag.expires_at)));
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

  /** @param {Participant} person */
  #waiting(person) {
    const { challenge, login_link: link, entry } = person;
    /** @type {HTMLElement[]} */
    const made = [];
    const say = (/** @type {string} */ text) => made.push(make("p", "quiet", text));
    if (link && link.purpose !== "entry") say(t("wait.link", { state: t(`wait.${link.status}`) }));
    if (challenge) {
      if (challenge.status === "answered") say(t("wait.right"));
      else say(t(`wait.${challenge.form === "agreed_number" ? "pin" : "otp"}`, { count: challenge.tries_left }));
      const { delivery } = challenge;
      if (delivery) say(t("wait.to", { to: delivery.to ?? delivery.channel, state: t(`delivery.${delivery.status}`) }));
    }
    if (entry.status !== "none") say(t(`entry.${entry.status}`));
    return made;
  }

  /**
   * @param {Participant} person
   * @param {string} state
   */
  #acts(person, state) {
    const acts = [];
    const { challenge } = person;
    const held = state === "locked" || state === "banned" || person.lockout.reported_until;
    if (held) acts.push(button("unlock", t("act.unlock")));
    acts.push(button("link", t("act.link"), "button-plain"));
    if (challenge?.form === "code" && challenge.delivery) acts.push(button("resend", t("act.resend"), "button-plain"));
    else acts.push(button("code", t("act.code"), "button-plain"));
    if (this.#place.dataset.showsCodes === "true") acts.push(button("tell", t("act.tell"), "button-plain"));
    if (person.authentication.authenticated) acts.push(button("signout", t("act.signout"), "button-danger"));
    for (const one of acts) one.disabled = !this.#sure;
    return make("div", "acts", ...acts);
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

  /** @param {Interaction} interaction */
  #past({ participants }) {
    const list = make("ol", "past");
    for (const event of this.#history) {
      const key = `on.${event.type}`;
      const who = participants.find((one) => one.id === event.participant);
      const several = participants.length > 1 && who;
      const text = knows(key) ? t(key) : t("history.other", { type: event.type });
      const methods = event.type === "participant.authenticated" ? (event.data.methods ?? []) : [];
      const by = methods.length ? ` (${methods.map((method) => t(`method.${method}`)).join(", ")})` : "";
      list.append(make("li", `on-${event.type.replaceAll(".", "-")}`, moment(event.at), " ", several ? make("bdi", "", `${who.name || t("nobody")}: `) : null, text + by));
    }
    const older = this.#complete ? null : make("p", "quiet", t("history.older"));
    return make("section", "panel-past", make("h2", "", t("history")), list, older);
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    /** @type {HTMLElement | null | undefined} */
    const found = targetOf(event)?.closest("[data-act]");
    if (!found) return;
    const { act = "", challenge } = found.dataset;
    if (act === "back") this.close();
    else if (act === "copy") navigator.clipboard?.writeText(this.#said?.url ?? "").catch(() => {});
    else if (challenge) this.#look(challenge);
    else this.#do(act, this.#personOf(found));
  }

  /** @param {Event} event */
  #pointed(event) {
    /** @type {HTMLElement | null | undefined} */
    const found = targetOf(event)?.closest("[data-challenge]");
    const challenge = found?.dataset.challenge;
    if (!challenge || this.#drawing) return;
    clearTimeout(this.#asked);
    this.#asked = setTimeout(() => this.#look(challenge), event.type === "focusin" ? 0 : DWELL);
  }

  /** @param {MouseEvent | FocusEvent} event */
  #left(event) {
    const found = targetOf(event)?.closest("[data-challenge]");
    if (!found || this.#drawing) return;
    clearTimeout(this.#asked);
    const still = event.type === "mouseout" ? found === document.activeElement : found.matches(":hover");
    const next = event.relatedTarget instanceof Node ? event.relatedTarget : null;
    if (!still && !found.contains(next)) this.#hide();
  }

  /**
   * A look, and no second one while the first stands there; after a refusal it may be asked for again.
   *
   * @param {string} challenge
   */
  async #look(challenge) {
    if (this.#seen?.challenge === challenge && (this.#seen.code || this.#seen.asked)) return;
    this.#seen = { challenge, text: "…", code: false, asked: true };
    /** @type {SeenCode} */
    let seen;
    try {
      /** @type {Schemas["CodeView"]} */
      const { code } = await api("GET", `/v1/challenges/${challenge}/code`);
      seen = { challenge, text: code, code: true };
    } catch (refused) {
      const known = refused instanceof Refused && ["not-arrived", "not-shown", "code-gone"].includes(refused.code);
      const why = messageOf(refused);
      seen = { challenge, text: known ? why : t("failed", { why }), code: false };
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
    this.#draw();
  }

  /**
   * @param {string} act
   * @param {string | undefined} person
   */
  async #do(act, person) {
    if (!this.#interaction) return;
    const { id, participants } = this.#interaction;
    const at = `/v1/interactions/${id}`;
    const challenge = participants.find((one) => one.id === person)?.challenge;
    /** @type {Record<string, () => Promise<Partial<Schemas["LoginLinkView"]>>>} */
    const acts = {
      link: () => api("POST", `${at}/login-links`, { purpose: "mid_chat", participant: person, deliver: true }),
      code: () => api("POST", `${at}/challenges`, { method: "otp", participant: person }),
      tell: () => api("POST", `${at}/challenges`, { method: "otp", participant: person, deliver_to: "agent" }),
      resend: () => api("POST", `/v1/challenges/${challenge?.id}/resend`, {}),
      signout: () => api("POST", `${at}/sign-out`, { participant: person }),
      unlock: () => api("POST", `${at}/participants/${person}/unlock`, { reason: t("unlocked.reason") }),
    };
    const go = acts[act];
    if (!go) return;
    /** @type {NodeListOf<HTMLButtonElement>} */
    const buttons = this.#place.querySelectorAll("[data-act]");
    for (const one of buttons) one.disabled = true;
    let said;
    try {
      const told = await go();
      const byHand = act === "link" && !told.delivery;
      const done = act === "resend" ? "code" : act;
      said = { text: t(byHand ? "done.hand" : `done.${done}`), url: byHand ? told.url : null };
    } catch (refused) {
      said = { text: t("failed", { why: messageOf(refused) }), bad: true };
    }
    this.#told.want(id);
    if (this.id !== id) return; // another customer's panel stands here by now
    this.#said = said;
    this.#draw();
  }
}

/**
 * A panel that stands alone: it listens to its one conversation itself.
 *
 * @param {HTMLElement} place
 * @param {string} id
 */
export const alone = async (place, id) => {
  let live = false;
  const doubt = () => panel.sure(false);
  const got = (/** @type {Interaction} */ interaction) => panel.show(interaction, live && readings.knows(id));
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
