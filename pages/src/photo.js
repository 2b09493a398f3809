// What a script adds to the page that asks for a document, which works without one: the camera in the
// page, taking a photo again, and photos no larger than a reader needs. The form is sent by the browser.
"use strict";

const LONGEST_SIDE = 2000;
const QUALITY = 0.9;
const form = document.querySelector("form[data-act=photo]");
const sides = [...document.querySelectorAll("[data-side]")];
const ready = document.querySelector("[data-ready]");

// A photo as a file of the form, drawn at most so large: a phone's own may be many times that.
const put = (side, source, width, height) =>
  new Promise((done) => {
    const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
    const canvas = side.querySelector("[data-preview]");
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.getContext("2d").drawImage(source, 0, 0, canvas.width, canvas.height);
    canvas.toBlob(
      (blob) => {
        const input = side.querySelector("input");
        const files = new DataTransfer();
        files.items.add(new File([blob], `${input.name}.jpg`, { type: "image/jpeg" }));
        input.files = files.files;
        canvas.hidden = false;
        done();
      },
      "image/jpeg",
      QUALITY,
    );
  });

const count = () => {
  const wanted = sides.filter((side) => side.querySelector("input").required);
  const there = wanted.filter((side) => side.querySelector("input").files.length > 0).length;
  ready.textContent = ready.dataset.ready.replace("{done}", there).replace("{all}", wanted.length);
  ready.hidden = there === 0;
};

const stop = (side) => {
  const view = side.querySelector("[data-view]");
  for (const track of view.srcObject?.getTracks() ?? []) track.stop();
  view.srcObject = null;
  view.hidden = true;
};

const show = (side, name) => {
  for (const button of ["open", "take", "retake"]) side.querySelector(`[data-${button}]`).hidden = button !== name;
};

const open = async (side) => {
  const refused = side.querySelector("[data-no-camera]");
  refused.hidden = true;
  sides.forEach(stop);
  try {
    const wanted = { facingMode: side.dataset.facing, width: { ideal: 1920 }, height: { ideal: 1080 } };
    const stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
    const view = side.querySelector("[data-view]");
    view.srcObject = stream;
    view.hidden = false;
    side.querySelector("[data-preview]").hidden = true;
    await view.play();
    show(side, "take");
    side.querySelector("[data-take]").focus();
  } catch {
    stop(side);
    show(side, "open");
    refused.hidden = false; // no camera, or the person said no: a file can be chosen still
  }
};

for (const side of sides) {
  const input = side.querySelector("input");
  const view = side.querySelector("[data-view]");
  if (navigator.mediaDevices?.getUserMedia) {
    show(side, "open");
    side.querySelector("[data-open]").addEventListener("click", () => open(side));
    side.querySelector("[data-retake]").addEventListener("click", () => open(side));
    side.querySelector("[data-take]").addEventListener("click", async () => {
      await put(side, view, view.videoWidth, view.videoHeight);
      stop(side);
      show(side, "retake");
      side.querySelector("[data-retake]").focus();
      count();
    });
  }
  input.addEventListener("change", async () => {
    if (input.files.length === 0) return count();
    stop(side);
    try {
      const picture = await createImageBitmap(input.files[0]);
      await put(side, picture, picture.width, picture.height);
      picture.close();
      if (navigator.mediaDevices?.getUserMedia) show(side, "retake");
    } catch {
      side.querySelector("[data-preview]").hidden = true; // this browser cannot draw it: it goes as it is
    }
    count();
  });
}

form?.addEventListener("submit", () => {
  sides.forEach(stop);
  form.querySelector("[data-send]").disabled = true;
  form.querySelector("[data-sending]").hidden = false;
});
