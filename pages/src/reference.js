// Filters the reference by what is typed. Without this script the field is not shown.
"use strict";

const field = document.querySelector("[data-filter]");
const operations = [...document.querySelectorAll("[data-operation]")].map((element) => ({
  element,
  entry: document.querySelector(`nav a[href="#${CSS.escape(element.id)}"]`)?.parentElement,
  words: element.dataset.operation.toLowerCase(),
}));
const groups = document.querySelectorAll("[data-group]");
const none = document.querySelector("[data-none]");

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

field.closest("[hidden]").hidden = false;
field.addEventListener("input", filter);
