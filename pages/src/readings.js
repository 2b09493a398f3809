// Conversations read anew: each by one request at a time, so that no older answer comes after a newer one. What
// cannot be read is not known any more, and is asked for until it can be.
//
// What is drawn of it is not known here.

import { api } from "./api.js";

const PAUSE = 1000; // milliseconds before the first try again
const LONGEST_PAUSE = 30_000;

export class Readings {
  #told;
  #abreast;
  #wanted = new Set(); // to be asked for; also what is being asked for, when something happened since
  #asked = new Set(); // on their way
  #doubted = new Map(); // id → the next pause, and what ends it

  /** `got` is told an interaction; `lost` an id that could not be read, `gone` one that there is not. */
  constructor(told, abreast = 1) {
    this.#told = told;
    this.#abreast = abreast;
  }

  /** Whether what was read last may be relied upon. */
  knows(id) {
    return !this.#doubted.has(id);
  }

  /** Something happened: what is being read already does not tell it for sure, so it is read once more. */
  want(id) {
    this.#wanted.add(id);
    this.#next();
  }

  /** Not to be relied upon until it is read again. */
  doubt(id, pause = PAUSE) {
    clearTimeout(this.#doubted.get(id)?.timer);
    this.#doubted.set(id, { pause, timer: 0 });
  }

  /** It was read elsewhere, just now: an answer that is on its way may be older. */
  taken(id) {
    this.#trust(id);
    if (this.#asked.has(id)) this.want(id);
  }

  #trust(id) {
    clearTimeout(this.#doubted.get(id)?.timer);
    this.#doubted.delete(id);
  }

  #next() {
    for (const id of this.#wanted) {
      if (this.#asked.size >= this.#abreast) return;
      if (!this.#asked.has(id)) this.#ask(id);
    }
  }

  async #ask(id) {
    this.#wanted.delete(id);
    this.#asked.add(id);
    try {
      const interaction = await api("GET", `/v1/interactions/${id}`);
      if (!this.#wanted.has(id)) this.#trust(id);
      this.#told.got(interaction);
    } catch (refused) {
      this.#missed(id, refused.status === 404);
    } finally {
      this.#asked.delete(id);
      this.#next();
    }
  }

  #missed(id, gone) {
    const { pause } = this.#doubted.get(id) ?? { pause: PAUSE };
    this.doubt(id, Math.min(pause * 2, LONGEST_PAUSE));
    if (gone) {
      this.#told.gone(id);
      return;
    }
    this.#doubted.get(id).timer = setTimeout(() => this.want(id), pause);
    this.#told.lost(id);
  }
}
