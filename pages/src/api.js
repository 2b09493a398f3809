// How the consoles' scripts speak to the gateway: as whoever is signed in, with the word that only our own
// pages have, or, in a frame, as the session that its link was changed for. Texts become text nodes.

const { body } = document;
/** @type {Record<string, string>} */
const texts = JSON.parse(body.dataset.texts || "{}");

/**
 * @param {string} text
 * @param {Record<string, string | number>} values
 */
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (hole, name) => String(values[name] ?? hole));

/**
 * A text in the page's language, its values filled in.
 *
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export const t = (key, values = {}) => fill(texts[key] ?? key, values);

/**
 * Whether there is such a text.
 *
 * @param {string} key
 */
export const knows = (key) => key in texts;

export const team = body.dataset.team ?? "";

/** @type {string | null} */
let bearer = null;
let skew = 0; // milliseconds that the server's clock is ahead of this one

/**
 * A frame's session, kept here and nowhere else.
 *
 * @param {string} session
 */
export const enter = (session) => {
  bearer = session;
};

/** The server's time: flags end by it and not by this device's clock. */
export const now = () => Date.now() + skew;

/**
 * @param {Record<string, string>} more
 * @returns {Record<string, string>}
 */
const headers = (more) => ({
  ...(bearer ? { authorization: `Bearer ${bearer}` } : { "x-csrf-token": body.dataset.csrfToken ?? "", "x-team": team }),
  ...more,
});

/**
 * @param {string} path
 * @param {RequestInit} request
 */
const ask = async (path, request) => {
  const reply = await fetch(path, request);
  const date = Date.parse(reply.headers.get("date") ?? "");
  if (!Number.isNaN(date) && Math.abs(date - now()) > 2000) skew = date - Date.now();
  return reply;
};

const ANSWER = 20_000; // milliseconds that what only reads may take

/**
 * The names of refusals and validation errors, by their codes.
 *
 * @typedef {{ refused: Record<string, string>, validation: Record<string, string> }} RefusalTexts
 */

/** @type {RefusalTexts | null} */
let refusals = null;

/**
 * The names of refusals in the page's language: fetched with the first, since most pages meet none.
 *
 * @returns {Promise<RefusalTexts>}
 */
const words = async () => {
  const none = { refused: {}, validation: {} };
  try {
    refusals ??= await (await ask(body.dataset.refusals ?? "", { signal: AbortSignal.timeout(ANSWER) })).json();
  } catch {
    return none;
  }
  return refusals ?? none;
};

/**
 * The mistake at a place of the request; `english`, where the page's language has no words of its own.
 *
 * @param {Schemas["InvalidPlace"]} place
 * @param {RefusalTexts} texts
 */
const validation = ({ pointer, code, detail, values = {} }, { validation: known }) => {
  const said = fill(known[code] ?? known.invalid ?? t("refused"), values);
  const own = code in known && code !== "invalid";
  return { pointer, code, said: values.team ? `${values.team}: ${said}` : said, english: own ? "" : detail };
};

/** A refusal, as the page's language has it: what the API says besides is for developers. */
export class Refused extends Error {
  /**
   * @param {Partial<Schemas["Problem"]>} problem
   * @param {number} status
   * @param {RefusalTexts} words
   */
  constructor(problem, status, words) {
    const errors = (problem.errors ?? []).map((one) => validation(one, words));
    super(errors[0]?.said ?? words.refused[problem.code ?? ""] ?? t("refused"));
    this.code = problem.code ?? "";
    this.status = status;
    this.errors = errors;
  }
}

/** Nobody answered: what was asked may or may not have been done. */
export class Away extends Error {
  /** @param {unknown} cause */
  constructor(cause) {
    super(t("away"), { cause });
  }
}

/**
 * The text of an error.
 *
 * @param {unknown} error
 */
export const messageOf = (error) => (error instanceof Error ? error.message : String(error));

/**
 * Calls the API: what it answers as JSON; what it refuses as `Refused`. A `Blob` goes as it is.
 *
 * @template [Answer=unknown]
 * @param {string} method
 * @param {string} path
 * @param {unknown} [value]
 * @param {Record<string, string>} [more] further headers
 * @returns {Promise<Answer>}
 */
export const api = async (method, path, value, more = {}) => {
  const whole = value instanceof Blob;
  /** @type {Record<string, string>} */
  const content = value === undefined ? {} : { "content-type": whole ? value.type : "application/json" };
  /** @type {RequestInit} */
  const request = {
    method,
    headers: headers({ ...content, ...more }),
    body: value === undefined || whole ? value : JSON.stringify(value),
    credentials: bearer ? "omit" : "same-origin",
    cache: "no-store",
    signal: method === "GET" ? AbortSignal.timeout(ANSWER) : undefined,
  };
  let reply;
  let text;
  try {
    reply = await ask(path, request);
    text = await reply.text();
  } catch (error) {
    throw new Away(error);
  }
  const plain = (reply.headers.get("content-type") ?? "").includes("json");
  const answer = text && plain ? JSON.parse(text) : text || null;
  if (!reply.ok) throw new Refused(plain && answer ? answer : {}, reply.status, await words());
  return answer;
};

const SILENCE = 40_000; // the stream says every 15 seconds that it stands
const LONGEST_PAUSE = 15_000;

/**
 * Listens to the team's events for as long as the page stands. `heard` gets each; `standing` is told "live"
 * before the first, "lost" when nothing is sure any more, and "over" when nobody is signed in.
 *
 * @param {(event: TeamEvent) => void} heard
 * @param {(connection: Connection) => void | Promise<void>} standing
 */
export const listen = async (heard, standing) => {
  /** @type {string | null} */
  let last = null;
  let pause = 500;
  for (;;) {
    const ending = new AbortController();
    let silence = 0;
    const alive = () => {
      clearTimeout(silence);
      silence = setTimeout(() => ending.abort(), SILENCE);
    };
    try {
      alive();
      const query = bearer ? "" : `?team=${encodeURIComponent(team)}`;
      const reply = await ask(`/v1/events${query}`, {
        headers: headers(last ? { "last-event-id": last } : {}),
        credentials: bearer ? "omit" : "same-origin",
        cache: "no-store",
        signal: ending.signal,
      });
      if (reply.status === 401 || reply.status === 403) {
        standing("over");
        return;
      }
      if (reply.status === 410) last = null;
      if (!reply.ok || !reply.body) throw new Error(String(reply.status));
      pause = 500;
      await standing("live");
      for await (const event of events(reply.body, alive)) {
        last = event.id;
        heard(event);
      }
    } catch {
      // Whatever it was, nothing is sure until the stream stands again.
    } finally {
      clearTimeout(silence);
    }
    standing("lost");
    await new Promise((done) => setTimeout(done, pause));
    pause = Math.min(pause * 2, LONGEST_PAUSE);
  }
};

/**
 * @param {ReadableStream<Uint8Array<ArrayBuffer>>} stream
 * @param {() => void} alive
 * @returns {AsyncGenerator<TeamEvent>}
 */
async function* events(stream, alive) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    alive();
    text += value;
    const parts = text.split("\n\n");
    text = parts.pop() ?? "";
    for (const part of parts) {
      const data = part.split("\n").find((line) => line.startsWith("data:"));
      if (data) yield JSON.parse(data.slice(5));
    }
  }
}

/**
 * The first element there that the selector names, which the page has.
 *
 * @template {Element} Found
 * @param {ParentNode} within
 * @param {string} selector
 * @param {new () => Found} kind
 * @returns {Found}
 */
export const find = (within, selector, kind) => {
  const found = within.querySelector(selector);
  if (!(found instanceof kind)) throw new TypeError(`there is no ${selector} of the kind ${kind.name}`);
  return found;
};

/**
 * An element with what is in it; texts stay texts.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} name
 * @param {...(Node | string | null | undefined)} inside
 */
export const make = (tag, name, ...inside) => {
  const element = document.createElement(tag);
  if (name) element.className = name;
  for (const one of inside) if (one) element.append(one);
  return element;
};

const { lang } = document.documentElement;
const clock = new Intl.DateTimeFormat(lang, { timeStyle: "short" });
const whole = new Intl.DateTimeFormat(lang, { dateStyle: "medium", timeStyle: "short" });

/**
 * A moment in the reader's own time.
 *
 * @param {string} text
 */
export const moment = (text) => {
  const at = new Date(text);
  const today = at.toDateString() === new Date(now()).toDateString();
  const time = make("time", "", (today ? clock : whole).format(at));
  time.dateTime = text;
  return time;
};

/**
 * The time that is left until then: `4:05`, `2:10:00`; empty when it is over.
 *
 * @param {string} until
 */
export const left = (until) => {
  const seconds = Math.ceil((Date.parse(until) - now()) / 1000);
  if (!(seconds > 0)) return "";
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
};

/**
 * Whose conversation it is.
 *
 * @param {Interaction} interaction
 */
export const primary = ({ id, participants }) => {
  const found = participants.find((one) => one.role === "primary") ?? participants[0];
  if (!found) throw new TypeError(`${id} has no participant`);
  return found;
};

/**
 * How a participant stands, in one word. Verified is only what the server said of a flag that has not ended
 * since; whatever is not known is "unknown", and that never looks like verified.
 *
 * @param {Participant} participant
 * @param {boolean} open
 * @param {boolean} live
 */
export const stateOf = (participant, open, live) => {
  if (!live) return "unknown";
  const { authentication: flag, lockout } = participant;
  if (!open) return "closed";
  if (flag.authenticated && flag.expires_at && Date.parse(flag.expires_at) > now()) return "verified";
  if (lockout.status === "banned" || lockout.status === "locked") return lockout.status;
  if (flag.reason === "reported") return "reported";
  if (flag.authenticated || flag.status === "expired") return "expired";
  return flag.status === "pending" ? "waiting" : "unverified";
};

/**
 * When that state ends by itself.
 *
 * @param {Participant} participant
 * @param {string} state
 */
export const endOf = (participant, state) => {
  const { authentication: flag, challenge, login_link: link, lockout } = participant;
  if (state === "verified") return flag.expires_at;
  if (state === "locked") return lockout.until;
  if (state === "waiting") return challenge?.expires_at ?? link?.expires_at ?? null;
  return null;
};

/**
 * Up to two letters of a name.
 *
 * @param {string | null} [name]
 */
export const initials = (name) => {
  const words = (name ?? "").trim().split(/\s+/).filter(Boolean);
  const first = (word = "") => [...word][0]?.toLocaleUpperCase(lang) ?? "";
  return words.length ? first(words[0]) + (words.length > 1 ? first(words[words.length - 1]) : "") : "–";
};

/**
 * The customer's icon: initials, and a check mark only where she is verified.
 *
 * @param {Participant} participant
 * @param {string} state
 */
export const icon = (participant, state) => {
  const shown = make("span", `who who-${state}`, initials(participant.name));
  shown.setAttribute("role", "img");
  shown.setAttribute("aria-label", t(`state.${state}`));
  return shown;
};
