// The window for a new conversation: who, how the invitation goes, and what the team's policy asks for. What is
// missing is said at its field before anything is sent; the gateway judges all the same.

import { Refused, api, find, make, messageOf, t, team } from "./api.js";

const DIGITS = /^[0-9]{4,20}$/;

/** The conversation stands, and an invitation to it could not be sent. */
class Uninvited extends Error {
  /**
   * @param {string} interaction
   * @param {unknown} cause
   */
  constructor(interaction, cause) {
    super(messageOf(cause), { cause });
    this.interaction = interaction;
  }
}

/**
 * @param {HTMLElement} opener
 * @param {HTMLDialogElement} dialog
 * @param {(interaction: string) => Promise<void>} opened
 */
export const begin = (opener, dialog, opened) => {
  const form = find(dialog, "form", HTMLFormElement);
  const people = find(dialog, "#people", HTMLElement);
  const error = find(dialog, "#start-error", HTMLElement);
  const template = find(document, "#person", HTMLTemplateElement);
  const policy = { pin: form.dataset.pin === "true", both: form.dataset.both === "true" };

  const add = () => {
    const made = find(document.importNode(template.content, true), "fieldset", HTMLFieldSetElement);
    const legend = find(made, "legend", HTMLLegendElement);
    legend.textContent = (people.children.length ? legend.dataset.cosigner : legend.dataset.primary) ?? "";
    people.append(made);
    return made;
  };

  /** @param {string} text */
  const tell = (text) => {
    error.hidden = !text;
    error.textContent = text;
  };

  /**
   * Says at a field what is wrong with it.
   *
   * @param {HTMLInputElement} field
   * @param {string} text
   */
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

  /**
   * The values of the fields of a person, and where they are.
   *
   * @param {Element} person
   * @param {number} at
   */
  const read = (person, at) => {
    /** @type {(name: string) => HTMLInputElement | null} */
    const field = (name) => person.querySelector(`[name=${name}]`);
    const value = (/** @type {string} */ name) => field(name)?.value.trim() || undefined;
    const given = { name: value("name"), phone: value("phone")?.replace(/[\s()-]/g, ""), email: value("email") };
    return { field, pin: value("pin"), person: { role: at ? "cosigner" : "primary", ...given } };
  };
  /** @typedef {ReturnType<typeof read>} Entered */

  /**
   * The first field that is wrong, each said in its place.
   *
   * @param {Entered[]} all
   * @param {string} via
   */
  const check = (all, via) => {
    /** @type {HTMLInputElement[]} */
    const wrong = [];
    for (const { field, pin, person } of all) {
      const says = (/** @type {string} */ name, /** @type {string} */ text) => {
        const at = field(name);
        if (at) wrong.push(fault(at, text));
      };
      if ((via === "sms" || (via && policy.both)) && !person.phone) says("phone", t("new.needed"));
      if ((via === "email" || (via && policy.both)) && !person.email) says("email", t("new.needed"));
      if (via && policy.pin && !DIGITS.test(pin ?? "")) says("pin", t("new.digits"));
    }
    return wrong[0];
  };

  /**
   * Puts what was refused of a person at her field; the first such field.
   *
   * @param {unknown} refused
   * @param {Entered[]} all
   */
  const place = (refused, all) => {
    if (!(refused instanceof Refused)) return undefined;
    const fields = refused.errors.map(({ pointer, said }) => {
      const [, list, at, name] = pointer.split("/");
      const field = list === "participants" && name && all[Number(at)]?.field(name);
      return field ? fault(field, said) : null;
    });
    return fields.find((field) => field !== null);
  };

  /**
   * @param {Entered[]} all
   * @param {string} via
   */
  const start = async (all, via) => {
    const primary = all[0]?.person;
    const address = via === "email" ? primary?.email : primary?.phone;
    const own = via && (form.dataset.channels ?? "").split(" ").includes(via);
    const conversation = own ? address : `call-${crypto.randomUUID()}`;
    const body = { channel: own ? via : "phone", conversation, participants: all.map(({ person }) => person) };
    /** @type {Interaction} */
    const made = await api("POST", `/v1/interactions?team=${encodeURIComponent(team)}`, body);
    if (via) {
      for (const [at, { pin }] of all.entries()) {
        const participant = made.participants[at]?.id;
        const asked = { participant, via, ...(policy.pin ? { pin } : {}) };
        try {
          await api("POST", `/v1/interactions/${made.id}/invitations`, asked);
        } catch (refused) {
          throw new Uninvited(made.id, refused);
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
    first.querySelector("input")?.focus();
  });
  find(dialog, "#cosigner", HTMLButtonElement).addEventListener("click", () => add().querySelector("input")?.focus());
  find(dialog, "#cancel", HTMLButtonElement).addEventListener("click", () => dialog.close());

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    clean();
    const via = String(new FormData(form).get("via") ?? "");
    const all = [...people.children].map(read);
    const wrong = check(all, via);
    if (wrong) {
      wrong.focus();
      return;
    }
    const go = find(dialog, "#go", HTMLButtonElement);
    go.disabled = true;
    try {
      const id = await start(all, via);
      dialog.close();
      await opened(id);
    } catch (refused) {
      const half = refused instanceof Uninvited;
      const field = half ? null : place(refused, all);
      if (field) field.focus();
      else tell(t(half ? "new.half" : "failed", { why: messageOf(refused) }));
      if (half) await opened(refused.interaction);
    } finally {
      go.disabled = false;
    }
  });
};
