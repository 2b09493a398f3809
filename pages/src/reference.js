// Filters the reference by what is typed. Without this script the field is not shown.
"use strict";

const field = /** @type {HTMLInputElement} */ (document.querySelector("[data-filter]"));
/** @type {NodeListOf<HTMLElement>} */
const described = document.querySelectorAll("[data-operation]");
const operations = [...described].map((element) => ({
  element,
  entry: document.querySelector(`nav a[href="#${CSS.escape(element.id)}"]`)?.parentElement,
  words: (element.dataset.operation ?? "").toLowerCase(),
}));
/** @type {NodeListOf<HTMLElement>} */
const groups = document.querySelectorAll("[data-group]");
const none = /** @type {HTMLElement} */ (document.querySelector("[data-none]"));

const filter = () => {
  const wanted = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const { element, entry, words } of operations) {
    const hidden = !wanted.every((word) => words.includes(word));
    element.hidden = hidden;
    if (entry) entry.hidden = hidden;
  }
  for (const group of groups) {
    group.hidden = !group.querySelector("[data-operation]:not([hidden])");
  }
  none.hidden = operations.some(({ element }) => !element.hidden);
};

field.closest("[hidden]")?.removeAttribute("hidden");
field.addEventListener("input", filter);
