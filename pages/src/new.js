// The window for a new conversation: who, how the invitation goes, and what the team's policy asks for. What is
// missing is said at its field before anything is sent; the gateway judges all the same.

import { api, make, t, team } from "./api.js";

const DIGITS = /^[0-9]{4,20}$/;

export const begin = (opener, dialog, opened) => {
  const form = dialog.querySelector("form");
  const [people, error, template] = ["people", "start-error", "person"].map((id) => document.getElementById(id));
  const policy = { pin: form.dataset.pin === "true", both: form.dataset.both === "true" };

  const add = () => {
    const made = template.content.cloneNode(true);
    const legend = made.querySelector("legend");
    legend.textContent = people.children.length ? legend.dataset.cosigner : legend.dataset.primary;
    people.append(made);
    return people.lastElementChild;
  };

  const tell = (text) => {
    error.hidden = !text;
    error.textContent = text;
  };

  /** Says at a field what is wrong with it. */
  const fault = (field, text) => {
    field.setAttribute("aria-invalid", "true");
    const note = make("small", "error", text);
    note.dataset.fault = "";
    field.after(note);
    return field;
  };

  const clean = () => {
    tell("");
    for (const note of form.querySelectorAll("[data-fault]")) note.remove();
    for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  };

  const read = (person, at) => {
    const field = (name) => person.querySelector(`[name=${name}]`);
    const value = (name) => field(name)?.value.trim() || undefined;
    const given = { name: value("name"), phone: value("phone")?.replace(/[\s()-]/g, ""), email: value("email") };
    return { field, pin: value("pin"), person: { role: at ? "cosigner" : "primary", ...given } };
  };

  /** The first field that is wrong, each said in its place. */
  const check = (all, via) => {
    const wrong = [];
    for (const { field, pin, person } of all) {
      const needs = (name) => !person[name] && wrong.push(fault(field(name), t("new.needed")));
      if (via === "sms" || (via && policy.both)) needs("phone");
      if (via === "email" || (via && policy.both)) needs("email");
      if (via && policy.pin && !DIGITS.test(pin ?? "")) wrong.push(fault(field("pin"), t("new.digits")));
    }
    return wrong[0];
  };

  /** Puts what was refused of a person at her field; the first such field. */
  const place = ({ errors = [] }, all) => {
    const fields = errors.map(({ pointer, said }) => {
      const [, list, at, name] = pointer.split("/");
      const field = list === "participants" && all[Number(at)]?.field(name);
      return field && fault(field, said);
    });
    return fields.find(Boolean);
  };

  const start = async (all, via) => {
    const primary = all[0].person;
    const address = via === "email" ? primary.email : primary.phone;
    const own = via && form.dataset.channels.split(" ").includes(via);
    const conversation = own ? address : `call-${crypto.randomUUID()}`;
    const body = { channel: own ? via : "phone", conversation, participants: all.map(({ person }) => person) };
    const made = await api("POST", `/v1/interactions?team=${encodeURIComponent(team)}`, body);
    if (via) {
      for (const [at, { pin }] of all.entries()) {
        const participant = made.participants[at]?.id;
        const asked = { participant, via, ...(policy.pin ? { pin } : {}) };
        try {
          await api("POST", `/v1/interactions/${made.id}/invitations`, asked);
        } catch (refused) {
          refused.interaction = made.id;
          throw refused;
        }
      }
    }
    return made.id;
  };

  opener.addEventListener("click", () => {
    clean();
    people.replaceChildren();
    const first = add();
    dialog.showModal();
    first.querySelector("input").focus();
  });
  document.getElementById("cosigner").addEventListener("click", () => add().querySelector("input").focus());
  document.getElementById("cancel").addEventListener("click", () => dialog.close());

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    clean();
    const via = new FormData(form).get("via");
    const all = [...people.children].map(read);
    const wrong = check(all, via);
    if (wrong) {
      wrong.focus();
      return;
    }
    const go = document.getElementById("go");
    go.disabled = true;
    try {
      const id = await start(all, via);
      dialog.close();
      await opened(id);
    } catch (refused) {
      const half = refused.interaction;
      const field = half ? null : place(refused, all);
      if (field) field.focus();
      else tell(t(half ? "new.half" : "failed", { why: refused.message }));
      if (half) await opened(half);
    } finally {
      go.disabled = false;
    }
  });
};
