// The window of a web chat, in a frame on the company's website. It shows what the gateway's stream
// brings and sends what is typed; texts become text nodes and nothing else.
//
// The page around it is spoken to only by its origin, one of those that the team allows. It gives a
// token and may show or hide the window; it gets neither words nor links nor codes, and what it says
// proves nothing. The session that the token is changed for stays in this script: with the next page
// the website vouches anew for whoever is there then.

const { body } = document;
const words = /** @type {Record<WindowText, string>} */ (body.dataset);
const origins = words.origins.split(" ").filter(Boolean);

/**
 * The element of that id, which the page has.
 *
 * @template {HTMLElement} Found
 * @param {string} id
 * @param {new () => Found} kind
 * @returns {Found}
 */
const of = (id, kind) => {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new TypeError(`there is no ${id} of the kind ${kind.name}`);
  return found;
};

const [log, entries, bar] = [of("log", HTMLElement), of("entries", HTMLElement), of("bar", HTMLElement)];
const [word, again, tick] = [of("word", HTMLElement), of("again", HTMLButtonElement), of("tick", HTMLElement)];
const [composer, text] = [of("composer", HTMLFormElement), of("text", HTMLTextAreaElement)];
const [send, close] = [of("send", HTMLButtonElement), of("close", HTMLButtonElement)];
const ask = of("ask", HTMLFormElement);
const [code, resend] = [of("code", HTMLInputElement), of("resend", HTMLButtonElement)];

const SILENCE = 40_000; // milliseconds: the stream says that it stands every 15 seconds
const LONGEST_PAUSE = 15_000;

/** @type {string | null} */
let page = null; // the origin of the page around, once it has spoken
/** @type {string | null} */
let session = null;
let last = 0; // number of the newest entry
/** @type {ChatState | null} */
let state = null;
/** @type {AbortController | null} */
let listening = null; // ends the present stream
let shown = true;
let unread = 0;

/**
 * @param {string} type
 * @param {object} [more]
 */
const tell = (type, more) => {
  for (const origin of page ? [page] : origins) window.parent.postMessage({ type, ...more }, origin);
};

/** @param {string} sentence */
const say = (sentence, retry = false) => {
  bar.hidden = !sentence;
  if (word.textContent !== sentence) word.textContent = sentence;
  again.hidden = !retry;
};

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} name
 * @param {...(Node | string)} inside
 */
const make = (tag, name, ...inside) => {
  const element = document.createElement(tag);
  if (name) element.className = name;
  element.append(...inside);
  return element;
};

// What comes is followed, unless somebody reads further up.
let following = true;
const follow = () => {
  if (following) log.scrollTop = log.scrollHeight;
};
log.addEventListener("scroll", () => {
  following = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
});
new ResizeObserver(follow).observe(log);

/** @param {HTMLElement} item */
const add = (item) => {
  entries.append(item);
  follow();
};

const notice = (/** @type {string} */ sentence) => add(make("li", "notice", sentence));
const speaker = (/** @type {string} */ name) => make("span", "aside", `${name}: `);

// The chat's side of the opener handshake: the window that was opened here hears, once, what shows
// that it was. Both are of the gateway's origin.
/**
 * @param {Window} opened
 * @param {string | null} [secret]
 */
const bind = (opened, secret) => {
  if (!secret) return;
  /** @param {MessageEvent} event */
  const listen = (event) => {
    if (event.source !== opened || event.origin !== location.origin) return;
    if (event.data?.type !== "countersign.ready") return;
    window.removeEventListener("message", listen);
    opened.postMessage({ type: "countersign.bind", secret }, location.origin);
  };
  window.addEventListener("message", listen);
};

/** @type {Record<string, (entry: ChatEntry) => HTMLElement>} */
const card = {
  bot: (entry) => make("li", "bot", speaker(words.them), entry.text),
  customer: (entry) => make("li", "customer", speaker(words.you), entry.text),
  answer: (entry) => {
    const dots = make("span", "", entry.text);
    dots.setAttribute("aria-hidden", "true");
    return make("li", "answer", speaker(words.you), dots, make("span", "aside", words.hidden));
  },
  code: (entry) => make("li", "sent", make("p", "title", words.code), make("p", "", entry.text)),
  link: (entry) => {
    const item = make("li", "way", make("p", "", speaker(words.them), entry.text));
    item.dataset.link = String(entry.link);
    const url = entry.url ? new URL(entry.url) : null;
    if (url?.origin === location.origin) {
      const way = make("a", "button", words.login);
      Object.assign(way, { href: url.href, target: "_blank", rel: "noopener" });
      way.addEventListener("click", (event) => {
        const opened = window.open(url.href, "_blank");
        if (!opened) return; // then as any link: a code will show whose chat it is
        event.preventDefault();
        bind(opened, entry.opener_secret);
      });
      item.append(way, make("p", "quiet", words.loginHint));
    } else {
      item.append(make("p", "quiet", words.loginOver));
      item.classList.add("over");
    }
    return item;
  },
};

/**
 * @param {ChatEntry} entry
 * @param {number} number
 */
const onEntry = (entry, number) => {
  const draw = card[entry.kind];
  if (number <= last || !draw) return;
  last = number;
  const item = draw(entry);
  item.dataset.number = String(number);
  add(item);
  if (!shown && entry.kind !== "customer" && entry.kind !== "answer") {
    unread += 1;
    tell("countersign.window.unread", { count: unread });
  }
};

/** @param {ChatState} now */
const closeWays = (now) => {
  /** @type {NodeListOf<HTMLElement>} */
  const ways = entries.querySelectorAll(".way:not(.over)");
  for (const item of ways) {
    if (now.links.includes(Number(item.dataset.link))) continue;
    item.classList.add("over");
    item.querySelector("a")?.remove();
    item.lastElementChild?.replaceChildren(now.authenticated_until ? words.verified : words.loginOver);
  }
};

// Why a proof on a page came to nothing.
const missed = { not_returned: words.notReturned, other_browser: words.otherBrowser };

/** @param {ChatState} now */
const onState = (now) => {
  const before = state;
  state = now;
  closeWays(now);
  tick.hidden = !now.authenticated_until;
  if (before && !before.authenticated_until && now.authenticated_until) notice(words.verified);
  if (before?.authenticated_until && !now.authenticated_until && now.open) notice(words.unverified);
  if (before && now.missed && now.missed !== before.missed) notice(missed[now.missed]);
  text.disabled = send.disabled = !now.open;
  say(now.open ? "" : words.closed);
  onAsked(now.asked, before?.asked);
};

// What the gateway asks for, above the line to write in.

let waits = 0; // the countdown's timer
const forms = new Intl.PluralRules(document.documentElement.lang);

/**
 * @param {string} sentence
 * @param {Record<string, string | number>} values
 */
const fill = (sentence, values) =>
  Object.entries(values).reduce((filled, [name, value]) => filled.replace(`{${name}}`, String(value)), sentence);

/** @param {number} seconds */
const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

const titles = { code: words.titleOtp, agreed_number: words.titlePin };

/** @param {ChatQuestion} asked */
const lead = ({ form, digits: length, way, to }) => {
  const digits = length ?? "";
  if (!form) return words.leadConfirmation;
  if (form === "agreed_number") return words.leadPin;
  if (way === "chat") return fill(words.leadChat, { digits });
  if (to) return `${fill(words.leadTo, { digits })} ${to}`;
  return fill(words.leadTold, { digits });
};

/** @param {string} sentence */
const mistake = (sentence) => {
  const error = of("ask-error", HTMLElement);
  error.textContent = sentence;
  error.hidden = !sentence;
  if (sentence) code.setAttribute("aria-invalid", "true");
  else code.removeAttribute("aria-invalid");
};

/**
 * @param {ChatQuestion | null} asked
 * @param {ChatQuestion | null} [before]
 */
const onAsked = (asked, before) => {
  clearInterval(waits);
  const had = ask.contains(document.activeElement);
  ask.hidden = !asked;
  if (!asked) {
    code.value = "";
    mistake("");
    if (had) text.focus();
    return;
  }
  if (asked.id !== before?.id) {
    const title = asked.form ? titles[asked.form] : words.titleConfirmation;
    of("ask-title", HTMLElement).textContent = title;
    of("ask-lead", HTMLElement).textContent = lead(asked);
    of("ask-label", HTMLElement).textContent = asked.form === "agreed_number" ? words.labelPin : words.labelOtp;
    const isConfirmation = !asked.form;
    code.inputMode = isConfirmation ? "text" : "numeric";
    code.autocapitalize = isConfirmation ? "characters" : "off";
    code.autocomplete = asked.form === "code" ? "one-time-code" : "off";
    code.value = "";
    mistake("");
    notice(`${title}. ${lead(asked)}`);
  }
  countDown(asked);
};

/** @param {ChatQuestion} asked */
const countDown = (asked) => {
  const from = Date.now();
  const left = (/** @type {number} */ seconds) => Math.max(0, Math.ceil(seconds - (Date.now() - from) / 1000));
  const tries = fill(forms.select(asked.tries_left) === "one" ? words.triesOne : words.triesOther, { count: asked.tries_left });
  const wait = of("ask-wait", HTMLElement);
  const draw = () => {
    const end = asked.seconds_left === null ? "" : ` ${fill(words.left, { time: clock(left(asked.seconds_left)) })}`;
    of("ask-tries", HTMLElement).textContent = tries + end;
    resend.hidden = wait.hidden = asked.resend_in === null;
    if (asked.resend_in === null) return;
    const rest = left(asked.resend_in);
    resend.disabled = rest > 0;
    wait.textContent = rest > 0 ? fill(words.wait, { time: clock(rest) }) : words.may;
  };
  waits = setInterval(draw, 1000);
  draw();
};

// Speaking to the gateway.

/**
 * @param {string} act
 * @param {object} content
 */
const call = async (act, content) => {
  /** @type {Record<string, string>} */
  const headers = { "content-type": "application/json" };
  if (session) headers.authorization = `Bearer ${session}`;
  return fetch(`${words.path}/${act}`, { method: "POST", headers, body: JSON.stringify(content), cache: "no-store" });
};

// What may have arrived → its id: tried again, it is judged once. The same words at another question are
// another answer.
const typed = new Map();

/**
 * @param {string} said
 * @param {boolean} inCard
 * @returns {Promise<TypedText>}
 */
const type = async (said, inCard) => {
  const what = JSON.stringify([inCard, state?.asked?.id ?? null, said]);
  const id = typed.get(what) ?? crypto.randomUUID();
  typed.set(what, id);
  const reply = await call("messages", { message_id: id, text: said, card: inCard });
  if (reply.status === 401 || reply.status === 403) leave();
  if (!reply.ok) throw new Error(`${reply.status}`);
  typed.delete(what);
  return reply.json();
};

/** @type {Record<string, string>} */
const judged = {
  wrong: words.wrong,
  locked: words.locked,
  banned: words.locked,
  subject_conflict: words.other,
  too_late: words.late,
  code_in_text: words.codeAlone,
};

composer.addEventListener("submit", async (event) => {
  event.preventDefault();
  const said = text.value;
  if (!said.trim() || send.disabled) return;
  send.disabled = true;
  try {
    const { taken, outcome = "" } = await type(said, false);
    text.value = "";
    // Only a page of our own origin can hear it: the admin console's, which plays the bot of a try.
    if (taken === "said") window.dispatchEvent(new Event("countersign.said"));
    const problem = judged[outcome];
    if (problem) notice(problem);
    say("");
  } catch {
    say(words.unsent); // what was typed stays where it is
  }
  send.disabled = !state?.open;
});

text.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  composer.requestSubmit();
});

ask.addEventListener("submit", async (event) => {
  event.preventDefault();
  const said = code.value;
  if (!said.trim()) return;
  mistake("");
  try {
    const { outcome = "" } = await type(said, true);
    code.value = "";
    if (outcome === "passed") return;
    if (outcome === "not_a_code") mistake(state?.asked ? words.notACode : words.late);
    else if (ask.hidden || judged[outcome] !== words.wrong) notice(judged[outcome] ?? words.late);
    else mistake(words.wrong);
    if (!ask.hidden) code.focus();
  } catch {
    mistake(words.unsent);
  }
});

resend.addEventListener("click", async () => {
  resend.disabled = true;
  const reply = await call("resend", {}).catch(() => null);
  mistake(reply?.ok ? "" : words.noMore);
});

// The stream: read by hand, since an EventSource can send no session but in a cookie or a URL.

/** @param {string} block */
const handle = (block) => {
  /** @type {Record<string, string>} */
  const fields = {};
  for (const line of block.split("\n")) {
    const colon = line.indexOf(": ");
    if (colon > 0) fields[line.slice(0, colon)] = line.slice(colon + 2);
  }
  const { event, data, id } = fields;
  if (data === undefined) return;
  if (event === "entry") onEntry(JSON.parse(data), Number(id));
  if (event === "state") onState(JSON.parse(data));
};

/**
 * @param {ReadableStream<Uint8Array<ArrayBuffer>>} stream
 * @param {() => void} alive
 */
const read = async (stream, alive) => {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    alive();
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop() ?? "";
    blocks.forEach(handle);
  }
};

const listenOnce = async () => {
  const mine = (listening = new AbortController());
  const { signal } = mine;
  let silence = 0;
  const alive = () => {
    clearTimeout(silence);
    silence = setTimeout(() => mine.abort(), SILENCE);
  };
  alive();
  try {
    /** @type {Record<string, string>} */
    const headers = { authorization: `Bearer ${session}` };
    if (last) headers["last-event-id"] = String(last);
    const reply = await fetch(`${words.path}/stream`, { headers, signal, cache: "no-store" });
    if (reply.status === 401 || reply.status === 403) return leave();
    if (!reply.ok || !reply.body) throw new Error(`${reply.status}`);
    say(state && !state.open ? words.closed : "");
    text.disabled = send.disabled = Boolean(state && !state.open);
    if (shown && document.activeElement === body) text.focus();
    await read(reply.body, alive);
  } finally {
    clearTimeout(silence);
  }
};

/** @param {string} mine */
const listen = async (mine) => {
  for (let pause = 500; session === mine; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
    const before = last;
    await listenOnce().catch(() => {});
    if (session !== mine) return;
    if (last > before) pause = 500;
    say(words.lost);
    // Not all at once: a gateway that comes back has many windows.
    await new Promise((over) => setTimeout(over, pause * (0.5 + Math.random())));
  }
};

// Coming in, and being let in no more.

let asked = 0; // tokens asked for in a row

const wantToken = () => {
  asked += 1;
  say(words.connecting);
  tell("countersign.window.wants-token");
};

const fail = () => {
  session = null;
  text.disabled = send.disabled = true;
  say(words.failed, true);
};

const leave = () => {
  session = null;
  listening?.abort();
  text.disabled = send.disabled = true;
  if (asked < 2) wantToken();
  else fail();
};

/** @param {string} token */
const comeIn = async (token) => {
  session = null;
  listening?.abort();
  const reply = await call("session", { token, origin: page }).catch(() => null);
  if (!reply?.ok) return fail();
  /** @type {{ session: string }} */
  const mine = await reply.json();
  ({ session } = mine);
  asked = 0;
  last = 0;
  state = null;
  typed.clear();
  code.value = "";
  mistake("");
  entries.replaceChildren();
  listen(mine.session);
};

again.addEventListener("click", () => {
  asked = 0;
  wantToken();
});
close.addEventListener("click", () => tell("countersign.window.close"));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.isComposing) tell("countersign.window.close");
});

window.addEventListener("message", (event) => {
  if (event.source !== window.parent || !origins.includes(event.origin)) return;
  const { type: what, token } = event.data ?? {};
  page ??= event.origin;
  if (what === "countersign.page.token" && typeof token === "string") comeIn(token);
  if (what === "countersign.page.no-token") fail();
  if (what === "countersign.page.hidden") shown = false;
  if (what === "countersign.page.shown") {
    shown = true;
    unread = 0;
    (ask.hidden || ask.contains(document.activeElement) ? text : code).focus();
  }
});

if (window.parent === window) {
  say(words.alone);
} else {
  close.hidden = false;
  wantToken();
}
