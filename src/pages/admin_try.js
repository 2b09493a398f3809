// The last step of a team's first run: a conversation in which the admin plays bot and customer. What the flag
// says is read from the API after each event of the team's stream, as every console does; nothing is made up.

import { api, icon, listen, make, moment, stateOf, t, team } from "./api.js";

const of = (id) => document.getElementById(id);
const [begin, chat, log, form, text] = ["try-begin", "try-chat", "try-log", "try-say", "try-text"].map(of);

let id = null;
let live = false;
let turn = 0;

const says = (who, ...inside) => log.append(make("li", `try-${who}`, ...inside));

const draw = (interaction) => {
  const [who] = interaction.participants;
  const state = stateOf(who, interaction.status === "open", live);
  of("try-icon").replaceChildren(icon(who, state));
  const shown = of("try-state");
  if (shown.textContent !== t(`state.${state}`)) shown.textContent = t(`state.${state}`);
  shown.className = `state-${state}`;
  chat.dataset.state = state;
  of("try-more").replaceChildren();
  if (state !== "verified") return;
  of("try-more").append(`${t("until")} `, moment(who.authentication.expires_at));
  if (of("try").dataset.done === "true") return;
  of("try").dataset.done = "true";
  of("try").querySelector(".tick-open").textContent = t("try.ticked");
  of("try").querySelector(".tick-open").className = "tick-done";
  const look = make("a", "button", t("try.look"));
  look.href = `/agent?team=${encodeURIComponent(team)}#${id}`;
  form.hidden = true;
  says("note", t("try.done"));
  chat.append(make("div", "acts", look));
};

const read = async () => {
  if (!id) return;
  try {
    draw(await api("GET", `/v1/interactions/${id}`));
  } catch {
    live = false; // what cannot be read is not known
  }
};

const fails = (error) => says("trouble", t("failed", { why: error.message ?? "" }));

/** Opens a conversation and puts a login link into it, as a bot does. */
const opens = async () => {
  if (begin.getAttribute("aria-disabled") === "true") return;
  begin.setAttribute("aria-disabled", "true");
  log.replaceChildren();
  chat.hidden = false;
  try {
    const conversation = `try-${Date.now().toString(36)}-${Math.floor(Math.random() * 1e9).toString(36)}`;
    const participants = [{ role: "primary", name: t("try.customer") }];
    const interaction = await api("POST", "/v1/interactions", { channel: "try", conversation, participants });
    id = interaction.id;
    draw(interaction);
    const link = await api("POST", `/v1/interactions/${id}/login-links`, { purpose: "mid_chat" });
    const open = make("a", "button", t("try.open"));
    [open.href, open.target, open.rel, open.id] = [link.url, "_blank", "noopener", "try-link"];
    says("bot", make("span", "", t("try.bot")), open);
    open.addEventListener("click", () => {
      if (log.querySelector(".try-note")) return;
      says("note", t("try.hint"));
      text.focus();
    });
    open.focus();
  } catch (error) {
    begin.removeAttribute("aria-disabled");
    fails(error);
  }
};

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const said = text.value.trim();
  if (!said || !id) return;
  text.value = "";
  const line = make("li", "try-customer", said);
  log.append(line);
  try {
    turn += 1;
    const heard = await api("POST", `/v1/interactions/${id}/messages`, { message_id: `try-${turn}`, text: said });
    if (heard.consumed) line.textContent = heard.redacted_text;
    if (heard.consumed && heard.outcome !== "passed") says("trouble", t("try.wrong"));
    if (!heard.consumed) says("bot", t("try.plain"));
  } catch (error) {
    fails(error);
  }
  await read();
});

begin?.addEventListener("click", opens);

if (begin) {
  const heard = (event) => {
    if (event.interaction === id) read();
  };
  listen(heard, async (standing) => {
    live = standing === "live";
    await read();
  });
}
