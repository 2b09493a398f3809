// The elements that the demo's pages have: one that is missing is a mistake of the page, and is named.

/**
 * The element of that id.
 *
 * @param {string} id
 */
export function element(id) {
  const found = document.getElementById(id);
  if (!found) throw new TypeError(`there is no ${id}`);
  return found;
}
