// Conversations read anew: each by one request at a time, so that no older answer comes after a newer one. What
// cannot be read is not known any more, and is asked for until it can be.
//
// What is drawn of it is not known here.

import { Refused, api } from "./api.js";

const PAUSE = 1000; // milliseconds before the first try again
const LONGEST_PAUSE = 30_000;

/**
 * Is told an interaction; an id that could not be read; one that there is not.
 *
 * @typedef {object} ReadingsListener
 * @property {(interaction: Interaction) => void} got
 * @property {(id: string) => void} lost
 * @property {(id: string) => void} gone
 */

export class Readings {
  #told;
  #abreast;
  /** @type {Set<string>} to be asked for; also what is being asked for, when something happened since */
  #wanted = new Set();
  /** @type {Set<string>} on their way */
  #asked = new Set();
  /** @type {Map<string, { pause: number, timer: number }>} id → the next pause, and what ends it */
  #doubted = new Map();

  /**
   * @param {ReadingsListener} told
   * @param {number} [abreast] how many are asked for at once
   */
  constructor(told, abreast = 1) {
    this.#told = told;
    this.#abreast = abreast;
  }

  /**
   * Whether what was read last may be relied upon.
   *
   * @param {string} id
   */
  knows(id) {
    return !this.#doubted.has(id);
  }

  /**
   * Something happened: what is being read already does not tell it for sure, so it is read once more.
   *
   * @param {string} id
   */
  want(id) {
    this.#wanted.add(id);
    this.#next();
  }

  /**
   * Not to be relied upon until it is read again.
   *
   * @param {string} id
   */
  doubt(id, pause = PAUSE) {
    clearTimeout(this.#doubted.get(id)?.timer);
    const doubted = { pause, timer: 0 };
    this.#doubted.set(id, doubted);
    return doubted;
  }

  /**
   * It was read elsewhere, just now: an answer that is on its way may be older.
   *
   * @param {string} id
   */
  taken(id) {
    this.#trust(id);
    if (this.#asked.has(id)) this.want(id);
  }

  /** @param {string} id */
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

  /** @param {string} id */
  async #ask(id) {
    this.#wanted.delete(id);
    this.#asked.add(id);
    try {
      /** @type {Interaction} */
      const interaction = await api("GET", `/v1/interactions/${id}`);
      if (!this.#wanted.has(id)) this.#trust(id);
      this.#told.got(interaction);
    } catch (refused) {
      this.#missed(id, refused instanceof Refused && refused.status === 404);
    } finally {
      this.#asked.delete(id);
      this.#next();
    }
  }

  /**
   * @param {string} id
   * @param {boolean} gone
   */
  #missed(id, gone) {
    const { pause } = this.#doubted.get(id) ?? { pause: PAUSE };
    const doubted = this.doubt(id, Math.min(pause * 2, LONGEST_PAUSE));
    if (gone) {
      this.#told.gone(id);
      return;
    }
    doubted.timer = setTimeout(() => this.want(id), pause);
    this.#told.lost(id);
  }
}
