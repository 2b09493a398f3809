// What a script adds to pages that work without one: times in the reader's own clock, countdowns,
// and a button that copies the code. It submits nothing.
"use strict";

for (const time of document.querySelectorAll("time[datetime]")) {
  const moment = new Date(time.dateTime);
  if (Number.isNaN(moment.getTime())) continue;
  const today = moment.toDateString() === new Date().toDateString();
  time.title = time.textContent;
  time.textContent = moment.toLocaleString(document.documentElement.lang, {
    timeStyle: "short",
    ...(today ? {} : { dateStyle: "medium" }),
  });
}

const code = document.querySelector("[data-code]");
const countdown = document.querySelector("[data-seconds]");
const copy = document.querySelector("[data-copy]");

if (code && countdown) {
  // Counted from the seconds that the server gave: the device's clock may be wrong by hours.
  const end = Date.now() + Number(countdown.dataset.seconds) * 1000;
  const tick = () => {
    const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
    if (left > 0) {
      const clock = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
      countdown.textContent = countdown.dataset.left.replace("{time}", clock);
      return;
    }
    clearInterval(timer);
    countdown.setAttribute("role", "alert");
    countdown.textContent = countdown.dataset.over;
    code.classList.add("code-over");
    copy?.remove();
    document.querySelector("[data-return]")?.remove();
  };
  const timer = setInterval(tick, 1000);
  tick();
}

if (code && copy && navigator.clipboard) {
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      copy.textContent = copy.dataset.copied;
    } catch {
      getSelection().selectAllChildren(code); // the browser said no: leave it marked, ready to copy
    }
  });
}

const wait = document.querySelector("[data-wait]");

if (wait) {
  const end = Date.now() + Number(wait.dataset.wait) * 1000;
  const tick = () => {
    const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
    const clock = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    wait.textContent = left > 0 ? wait.dataset.left.replace("{time}", clock) : wait.dataset.over;
    if (left === 0) clearInterval(timer);
  };
  const timer = setInterval(tick, 1000);
  tick();
}
