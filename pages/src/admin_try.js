// The last step of a team's first run: the admin is her own customer, in the window of the web chat that the
// team's website will have. This page is the website around it and plays the bot, by the API and with nothing
// that a bot has not; it knows what is typed as little as a website does, only that something was. What the
// flag says is read from the API after each event of the team's stream, as every console does.

import { api, find, icon, listen, make, messageOf, moment, primary, stateOf, t, team } from "./api.js";

const of = (/** @type {string} */ id) => find(document, `#${id}`, HTMLElement);
const [step, chat, place, told] = [of("try"), of("try-chat"), of("try-window"), of("try-told")];
/** @type {HTMLButtonElement | null} */
const begin = document.querySelector("#try-begin");

let id = ""; // the conversation
/** @type {HTMLIFrameElement | null} */
let frame = null;
let live = false;

/**
 * @template [Answer=unknown]
 * @param {string} act
 * @param {object} body
 * @returns {Promise<Answer>}
 */
const ask = (act, body) => api("POST", `/v1/interactions/${id}/${act}`, body);

const tell = (/** @type {HTMLElement[]} */ ...what) => told.replaceChildren(...what);

const fails = (/** @type {unknown} */ error) => tell(make("p", "try-trouble", t("failed", { why: messageOf(error) })));

/** @param {Interaction} interaction */
const draw = (interaction) => {
  const who = primary(interaction);
  const state = stateOf(who, interaction.status === "open", live);
  of("try-icon").replaceChildren(icon(who, state));
  const shown = of("try-state");
  if (shown.textContent !== t(`state.${state}`)) shown.textContent = t(`state.${state}`);
  shown.className = `state-${state}`;
  const before = chat.dataset.state;
  chat.dataset.state = state;
  of("try-more").replaceChildren();
  if (state !== "verified") return;
  const { expires_at: until } = who.authentication;
  if (until) of("try-more").append(`${t("until")} `, moment(until));
  if (before !== "verified") proved();
};

/** The bot goes on, and the step is done. */
const proved = () => {
  ask("replies", { message_id: "known", text: t("try.known") }).catch(fails);
  step.dataset.done = "true";
  const tick = find(step, ".path-head :is(.tick-open, .tick-done)", HTMLElement);
  tick.textContent = t("try.ticked");
  tick.className = "tick-done";
  const look = make("a", "button", t("try.look"));
  look.href = `/agent?team=${encodeURIComponent(team)}#${id}`;
  tell(make("p", "", t("try.done")), make("div", "acts", look));
};

const read = async () => {
  if (!id) return;
  try {
    draw(await api("GET", `/v1/interactions/${id}`));
  } catch {
    live = false; // what cannot be read is not known
  }
};

/** The bot answers what was typed: it wants to know who that is. */
const answers = async () => {
  try {
    /** @type {Interaction} */
    const { authentication, login_link: link } = await api("GET", `/v1/interactions/${id}`);
    if (authentication.authenticated) await ask("replies", { text: t("try.known") });
    else if (link || authentication.status === "pending") await ask("replies", { text: t("try.plain") });
    else {
      await ask("replies", { text: t("try.bot") });
      await ask("login-links", { purpose: "mid_chat", deliver: true });
    }
  } catch (error) {
    fails(error);
  }
};

/** As the website's back end does: a token for its own visitor, good once. */
const vouches = async () => {
  /** @type {{ type: string, token?: string }} */
  let answer = { type: "countersign.page.no-token" };
  try {
    /** @type {Schemas["ChatTokenView"]} */
    const { token } = await ask("chat-tokens", {});
    answer = { type: "countersign.page.token", token };
  } catch (error) {
    fails(error);
  }
  frame?.contentWindow?.postMessage(answer, location.origin);
};

const ends = () => {
  frame = null;
  place.replaceChildren();
  chat.hidden = true;
  begin?.removeAttribute("aria-disabled");
  begin?.focus();
};

window.addEventListener("message", (event) => {
  if (!frame || event.source !== frame.contentWindow || event.origin !== location.origin) return;
  const { type } = event.data ?? {};
  if (type === "countersign.window.close") ends();
  if (type !== "countersign.window.wants-token") return;
  frame.contentWindow?.addEventListener("countersign.said", answers);
  vouches();
});

/**
 * A conversation as a website opens it for a new visitor, and the chat's window with it.
 *
 * @param {HTMLButtonElement} button
 */
const opens = async (button) => {
  if (button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", "true");
  chat.hidden = false;
  delete chat.dataset.state;
  tell();
  try {
    const conversation = `try-${crypto.getRandomValues(new BigUint64Array(1))}`;
    const participants = [{ role: "primary", name: t("try.customer") }];
    /** @type {Interaction} */
    const interaction = await api("POST", "/v1/interactions", { channel: step.dataset.channel, conversation, participants });
    ({ id } = interaction);
    draw(interaction);
    await ask("replies", { text: t("try.hello") });
    frame = make("iframe", "");
    frame.title = t("try.window");
    frame.src = `/webchat/${encodeURIComponent(team)}?lang=${encodeURIComponent(document.documentElement.lang)}`;
    place.replaceChildren(frame);
    chat.scrollIntoView({ block: "start" });
    frame.focus();
  } catch (error) {
    button.removeAttribute("aria-disabled");
    fails(error);
  }
};

if (begin) {
  begin.addEventListener("click", () => opens(begin));
  /** @param {TeamEvent} event */
  const heard = (event) => {
    if (event.interaction === id) read();
  };
  listen(heard, async (standing) => {
    live = standing === "live";
    await read();
  });
}
