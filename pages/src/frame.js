// One interaction in a frame on somebody else's page. The link in its address is changed, once, for a session
// that this script keeps in memory: no cookie, nothing in the address, nothing for the page around it.

import { api, enter, find, make, t } from "./api.js";
import { alone } from "./panel.js";

const { token, interaction } = document.body.dataset;
const place = find(document, "#panel", HTMLElement);

try {
  /** @type {{ session: string }} */
  const { session } = await api("POST", "/embed/session", { token });
  enter(session);
  await alone(place, interaction ?? "");
} catch {
  const over = make("p", "caution", t("frame.over"));
  over.setAttribute("role", "alert");
  place.replaceChildren(over);
}
