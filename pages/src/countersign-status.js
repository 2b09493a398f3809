// For a portal's page, in one tag:
//
//   <script src="https://GATEWAY/countersign-status.js" data-token="/status-token" defer></script>
//   <countersign-status interaction="0199…"></countersign-status>
//
// shows beside a customer whether she is authenticated, live, with a check mark when she is and without one
// when she is not. What is not known, is over or cannot be reached never has the mark: it falls here at its
// time, and while the gateway is not heard.
//
// The page's server answers `POST /status-token` {interaction} with what the gateway told it for
// `POST /v1/interactions/{id}/embed-links {"panel": "status"}`: {url, token, expires_at}. Who asks in
// another way sets `customElements.get("countersign-status").token = async (interaction) => ({url, token})`.
// All elements of a page share one stream. The attribute `compact` leaves the words to readers of screens.
"use strict";

(() => {
  const script = /** @type {HTMLScriptElement} */ (document.currentScript);
  const gateway = new URL(script.src).origin;
  const words = /** @type {TextsByLanguage} */ ({} /* by language, from the gateway's own tables */);

  const SILENCE = 40_000; // milliseconds: the stream says that it stands every 15 seconds
  const LONGEST_PAUSE = 15_000;
  const GATHER = 20; // elements that come together are asked for together
  const MOST = 100; // conversations of one stream

  // One conversation, and the elements that show it. The clock of the page may jump and its other clock may
  // rest while the device sleeps: what either says is over is over.
  /** @type {Map<string, WatchedFlag>} */
  const watched = new Map();

  /** @param {WatchedFlag} one */
  const draw = (one) => {
    const { end } = one;
    if (end && (Date.now() >= end.wall || performance.now() >= end.steady)) Object.assign(one, { status: "expired", end: null });
    for (const element of one.elements) element.draw(one.status, one.end);
  };

  /** @type {(one: WatchedFlag, status: string, seconds?: number) => void} */
  const say = (one, status, seconds = 0) => {
    clearTimeout(one.timer);
    const left = seconds > 0 ? seconds * 1000 : 0;
    one.end = status === "authenticated" && left ? { wall: Date.now() + left, steady: performance.now() + left } : null;
    one.status = status === "authenticated" && !left ? "unknown" : status;
    draw(one);
    if (one.end) one.timer = setTimeout(draw, Math.min(left + 20, 2 ** 31 - 1), one);
  };

  const forgetAll = () => {
    for (const one of watched.values()) say(one, "unknown");
  };

  // Leave to look, from the page's own server.

  /** @type {(interaction: string) => Promise<{ url: string, token: string }>} */
  const fromServer = async (interaction) => {
    const address = script.dataset.token;
    if (!address) throw new Error("countersign: the script's tag has no data-token");
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ interaction });
    const reply = await fetch(address, { method: "POST", headers, body, credentials: "same-origin", cache: "no-store" });
    if (!reply.ok) throw new Error(`countersign: ${address} answered ${reply.status}`);
    return reply.json();
  };

  /** @type {(one: WatchedFlag, interaction: string) => Promise<void>} */
  const allow = async (one, interaction) => {
    if (one.leave && performance.now() < one.leave.stale) return;
    const { url, token } = await CountersignStatus.token(interaction);
    if (new URL(url).origin !== gateway || typeof token !== "string") throw new Error("countersign: no leave of this gateway");
    one.leave = { url, token, stale: performance.now() + 60_000 }; // the stream says how long it really is
  };

  // The stream: read by hand, since an EventSource can only be asked by a URL.

  /** @type {AbortController | null} */
  let running = null; // ends the present streams
  let failures = 0; // of the stream, in a row
  let lacking = 0; // times in a row that a leave was not to be had
  let next = 0; // timer of the next connection

  /** @param {string} block */
  const hear = (block) => {
    const data = block.split("\n").find((line) => line.startsWith("data: "));
    if (!data) return;
    const told = JSON.parse(data.slice(6));
    const one = watched.get(told.interaction);
    if (!one) return;
    failures = 0;
    if (one.leave) one.leave.stale = performance.now() + told.token_seconds_left * 800; // at four fifths of its time
    const known = Object.hasOwn(words.en, told.status) && (told.status === "authenticated") === (told.authenticated === true);
    say(one, known ? told.status : "unknown", told.seconds_left);
  };

  /** @type {(url: string, tokens: string[], until: AbortController) => Promise<void>} */
  const listen = async (url, tokens, { signal }) => {
    const quiet = new AbortController();
    let silence = 0;
    const alive = () => {
      clearTimeout(silence);
      silence = setTimeout(() => quiet.abort(), SILENCE);
    };
    alive();
    try {
      const headers = { "content-type": "application/json" };
      const ends = AbortSignal.any([signal, quiet.signal]);
      const body = JSON.stringify({ tokens });
      const reply = await fetch(url, { method: "POST", headers, body, signal: ends, credentials: "omit", cache: "no-store" });
      if (!reply.ok || !reply.body) throw new Error(`countersign: ${url} answered ${reply.status}`);
      const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let rest = ""; ; ) {
        const { done, value } = await reader.read();
        if (done) return;
        alive();
        const blocks = (rest + value).split("\n\n");
        rest = blocks.pop() ?? "";
        blocks.forEach(hear);
      }
    } finally {
      clearTimeout(silence);
    }
  };

  // Leaves by address, no more of them than one stream takes.
  /** @param {StatusLeave[]} leaves */
  const streams = (leaves) => {
    /** @type {Map<string, string[]>} */
    const sorted = new Map();
    for (const { url, token } of leaves) sorted.set(url, [...(sorted.get(url) ?? []), token]);
    return [...sorted].flatMap(([url, tokens]) =>
      Array.from({ length: Math.ceil(tokens.length / MOST) }, (_, n) => ({ url, tokens: tokens.slice(n * MOST, (n + 1) * MOST) })));
  };

  const connect = async () => {
    const before = running;
    const mine = (running = new AbortController());
    const asked = await Promise.allSettled([...watched].map(([interaction, one]) => allow(one, interaction)));
    for (const one of asked) if (one.status === "rejected") console.error(one.reason);
    if (running !== mine) return before?.abort();
    const leaves = [...watched.values()].flatMap(({ leave }) => leave ?? []);
    for (const one of watched.values()) if (!one.leave) say(one, "unknown");
    const renewal = Math.min(...leaves.map(({ stale }) => stale)) - performance.now();
    const opened = streams(leaves).map(({ url, tokens }) => listen(url, tokens, mine));
    before?.abort(); // what it told stands until the new one speaks, at most until its own end
    lacking = leaves.length < watched.size ? lacking + 1 : 0;
    plan(lacking ? pause(lacking) : Math.max(renewal, 1_000));
    await Promise.race([...opened, new Promise((never) => mine.signal.addEventListener("abort", never))]).catch((error) => {
      if (running === mine) console.error(error);
    });
    if (running !== mine || !opened.length) return;
    mine.abort();
    forgetAll();
    failures += 1;
    if (failures > 1) for (const one of watched.values()) one.leave = null;
    plan(pause(failures));
  };

  // Not all at once: a gateway that comes back has many pages.
  /** @param {number} times */
  const pause = (times) => Math.min(500 * 2 ** times, LONGEST_PAUSE) * (0.5 + Math.random());

  /** @param {number} wait */
  const plan = (wait) => {
    clearTimeout(next);
    next = setTimeout(() => {
      if (watched.size) void connect();
      else running?.abort();
    }, wait);
  };

  // A page that comes back from where it slept knows nothing.
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    forgetAll();
    plan(0);
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") watched.forEach(draw);
  });

  // A sheet made by script and not a style element: no policy of the page need make an exception.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
    :host { display: inline-flex; color-scheme: light dark; }
    :host([hidden]) { display: none; }
    .whole { display: inline-flex; align-items: center; gap: 0.5em; }
    .face { position: relative; flex: none; width: 1.75em; height: 1.75em; border: 0.125em solid; border-radius: 50%; box-sizing: border-box;
      color: light-dark(#515e6b, #a9b6c3); }
    svg { display: block; width: 100%; height: 100%; fill: none; stroke: currentcolor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
    .tick { display: none; position: absolute; inset-block-end: -0.25em; inset-inline-end: -0.375em; width: 1em; height: 1em; padding: 0.125em; box-sizing: border-box;
      border-radius: 50%; background: light-dark(#14693a, #7ddba3); color: light-dark(#ffffff, #10161d); }
    .face > svg { padding: 0.1875em; box-sizing: border-box; }
    .tick svg { stroke-width: 4; }
    [data-status=authenticated] .tick { display: block; }
    [data-status=authenticated] .face { color: light-dark(#14693a, #7ddba3); }
    [data-status=unknown] .face { border-style: dashed; }
    :host([compact]) .words { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
    @media (forced-colors: active) {
      .face { color: CanvasText !important; }
      .tick { forced-color-adjust: none; background: Highlight; color: HighlightText; }
    }`);

  /** @param {...string} paths */
  const drawing = (...paths) => {
    const space = "http://www.w3.org/2000/svg";
    const picture = document.createElementNS(space, "svg");
    picture.setAttribute("viewBox", "0 0 24 24");
    for (const d of paths) {
      const path = document.createElementNS(space, "path");
      path.setAttribute("d", d);
      picture.append(path);
    }
    return picture;
  };

  class CountersignStatus extends HTMLElement {
    static observedAttributes = ["interaction"];
    static token = fromServer;

    #whole = document.createElement("span");
    #words = document.createElement("span");
    #interaction = "";

    constructor() {
      super();
      const [face, tick] = [document.createElement("span"), document.createElement("span")];
      face.className = "face";
      face.setAttribute("aria-hidden", "true");
      face.setAttribute("part", "icon");
      tick.className = "tick";
      tick.setAttribute("part", "tick");
      tick.append(drawing("m5 12.5 4.5 4.5L19 7.5"));
      face.append(drawing("M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8", "M4.5 21c.8-4 3.6-6 7.5-6s6.7 2 7.5 6"), tick);
      this.#whole.className = "whole";
      this.#words.className = "words";
      this.#words.setAttribute("part", "words");
      this.#whole.append(face, this.#words);
      const root = this.attachShadow({ mode: "open" });
      root.adoptedStyleSheets = [sheet];
      root.append(this.#whole);
    }

    connectedCallback() {
      this.#watch(this.getAttribute("interaction"));
    }

    disconnectedCallback() {
      this.#watch(null);
    }

    /** @type {(name: string, before: string | null, interaction: string | null) => void} */
    attributeChangedCallback(_name, _before, interaction) {
      if (this.isConnected) this.#watch(interaction);
    }

    /** @param {string | null} interaction */
    #watch(interaction) {
      const before = watched.get(this.#interaction);
      before?.elements.delete(this);
      if (before && !before.elements.size) {
        clearTimeout(before.timer);
        watched.delete(this.#interaction);
      }
      this.#interaction = interaction ?? "";
      if (!interaction) return this.draw("unknown", null);
      /** @type {WatchedFlag} */
      const one = watched.get(interaction) ?? { elements: new Set(), status: "unknown", end: null };
      one.elements.add(this);
      draw(one);
      if (watched.has(interaction)) return;
      watched.set(interaction, one);
      plan(GATHER);
    }

    // Of `authenticated`, `unauthenticated`, `pending`, `expired`, `closed` and `unknown`.
    get status() {
      return this.#whole.dataset.status;
    }

    /** @type {(status: string, end: FlagEnd | null) => void} */
    draw(status, end) {
      const language = this.closest("[lang]")?.getAttribute("lang") || navigator.language || "en";
      const said = (words[language.slice(0, 2).toLowerCase()] ?? words.en)[status] ?? "";
      const before = this.#whole.dataset.status;
      this.#whole.dataset.status = status;
      this.#words.textContent = said;
      this.#whole.title = end ? `${said} – ${new Date(end.wall).toLocaleTimeString(language, { timeStyle: "short" })}` : said;
      if (before !== status) this.dispatchEvent(new CustomEvent("countersign-status", { detail: { status }, bubbles: true }));
    }
  }

  customElements.define("countersign-status", CountersignStatus);
})();
