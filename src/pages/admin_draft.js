// The editor of an opening screen: at each pause in typing what stands there is shown as it would be, by the
// button's own form. Nothing of it is kept until it is saved.

const PAUSE = 400; // milliseconds

const [words, look, draft] = ["html", "look", "draft"].map((id) => document.getElementById(id));

const shows = () => words.form.requestSubmit(look);

let pause = null;
words.addEventListener("input", () => {
  clearTimeout(pause);
  pause = setTimeout(shows, PAUSE);
});

if (!draft.hasAttribute("src")) shows(); // nothing is kept yet, so what is offered is shown
