// What a script adds to pages that work without one: times in the reader's own clock, countdowns,
// and a button that copies the code. It submits nothing.
"use strict";

// The page's language as the reader's own country writes it, where the browser says which.
const { lang } = document.documentElement;
const own = navigator.languages.find((tag) => tag.split("-")[0] === lang) ?? lang;

/** @type {NodeListOf<HTMLTimeElement>} */
const times = document.querySelectorAll("time[datetime]");
for (const time of times) {
  const moment = new Date(time.dateTime);
  if (Number.isNaN(moment.getTime())) continue;
  const today = moment.toDateString() === new Date().toDateString();
  time.title = time.textContent;
  time.textContent = moment.toLocaleString(own, { timeStyle: "short", dateStyle: today ? undefined : "medium" });
}

// How long until then, in minutes where it is not much longer: it is right also for who leaves the page open.
/** @type {NodeListOf<HTMLElement>} */
const ends = document.querySelectorAll("[data-ends-in]");
for (const left of ends) {
  const end = Date.now() + Number(left.dataset.endsIn) * 1000;
  const told = new Intl.NumberFormat(own, { style: "unit", unit: "minute", unitDisplay: "long" });
  const timer = setInterval(() => {
    const minutes = Math.floor((end - Date.now()) / 60_000);
    if (minutes < 1) {
      clearInterval(timer);
      left.remove();
    } else if (minutes < 120) left.textContent = `(${told.format(minutes)})`;
  }, 10_000);
}

/**
 * Counts down in the element's own words. It starts from the seconds that the server gave: the
 * device's clock may be wrong by hours.
 *
 * @param {HTMLElement} element
 * @param {string | undefined} seconds
 * @param {() => void} over
 */
const countDown = (element, seconds, over) => {
  const end = Date.now() + Number(seconds) * 1000;
  const tick = () => {
    const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
    if (left > 0) {
      const clock = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
      element.textContent = (element.dataset.left ?? "").replace("{time}", clock);
      return;
    }
    clearInterval(timer);
    over();
    element.textContent = element.dataset.over ?? "";
  };
  const timer = setInterval(tick, 1000);
  tick();
};

/** @type {HTMLElement | null} */
const code = document.querySelector("[data-code]");
/** @type {HTMLElement | null} */
const countdown = document.querySelector("[data-seconds]");
/** @type {HTMLElement | null} */
const copy = document.querySelector("[data-copy]");
/** @type {HTMLElement | null} */
const wait = document.querySelector("[data-wait]");

if (code && countdown) {
  countDown(countdown, countdown.dataset.seconds, () => {
    countdown.setAttribute("role", "alert");
    code.classList.add("code-over");
    copy?.remove();
    document.querySelector("[data-return]")?.remove();
  });
}

if (wait) countDown(wait, wait.dataset.wait, () => {});

if (code && copy && navigator.clipboard) {
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      copy.textContent = copy.dataset.copied ?? "";
    } catch {
      getSelection()?.selectAllChildren(code); // the browser said no: leave it marked, ready to copy
    }
  });
}
