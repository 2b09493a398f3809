// What a script adds to the page that asks for a document, which works without one: the camera in the
// page, taking a photo again, and photos no larger than a reader needs. The form is sent by the browser.
"use strict";

const LONGEST_SIDE = 2000;
const QUALITY = 0.9;
const hasCamera = Boolean(navigator.mediaDevices?.getUserMedia);
const form = /** @type {HTMLFormElement} */ (document.querySelector("form[data-act=photo]"));
const ready = /** @type {HTMLElement} */ (document.querySelector("[data-ready]"));

/**
 * A side of the document, or the face, with what the page has for it.
 *
 * @param {HTMLElement} place
 */
const sideOf = (place) => {
  const button = (/** @type {string} */ name) => /** @type {HTMLButtonElement} */ (place.querySelector(`[data-${name}]`));
  return {
    input: /** @type {HTMLInputElement} */ (place.querySelector("input")),
    view: /** @type {HTMLVideoElement} */ (place.querySelector("[data-view]")),
    preview: /** @type {HTMLCanvasElement} */ (place.querySelector("[data-preview]")),
    noCamera: /** @type {HTMLElement} */ (place.querySelector("[data-no-camera]")),
    unreadable: /** @type {HTMLElement} */ (place.querySelector("[data-unreadable]")),
    buttons: { open: button("open"), take: button("take"), retake: button("retake") },
    facing: place.dataset.facing,
  };
};
/** @typedef {ReturnType<typeof sideOf>} Side */

/** @type {NodeListOf<HTMLElement>} */
const places = document.querySelectorAll("[data-side]");
const sides = [...places].map(sideOf);

/**
 * A photo as a file of the form, drawn at most so large: a phone's own may be many times that. Fails where the
 * browser cannot make the file, for want of memory for example.
 *
 * @param {Side} side
 * @param {CanvasImageSource} source
 * @param {number} width
 * @param {number} height
 * @returns {Promise<void>}
 */
const put = ({ input, preview }, source, width, height) =>
  new Promise((done, fail) => {
    const drawing = preview.getContext("2d");
    const failed = () => fail(new Error("the photo could not be drawn"));
    if (!drawing) return failed();
    const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
    preview.width = Math.round(width * scale);
    preview.height = Math.round(height * scale);
    drawing.drawImage(source, 0, 0, preview.width, preview.height);
    preview.toBlob(
      (blob) => {
        if (!blob) return failed();
        const files = new DataTransfer();
        files.items.add(new File([blob], `${input.name}.jpg`, { type: "image/jpeg" }));
        input.files = files.files;
        preview.hidden = false;
        done();
      },
      "image/jpeg",
      QUALITY,
    );
  });

const count = () => {
  const wanted = sides.filter((side) => side.input.required);
  const there = wanted.filter((side) => side.input.files?.length).length;
  ready.textContent = (ready.dataset.ready ?? "").replace("{done}", String(there)).replace("{all}", String(wanted.length));
  ready.hidden = there === 0;
};

/** @param {Side} side */
const stopCamera = ({ view }) => {
  if (view.srcObject instanceof MediaStream) for (const track of view.srcObject.getTracks()) track.stop();
  view.srcObject = null;
  view.hidden = true;
};

/**
 * @param {Side} side
 * @param {keyof Side["buttons"]} shown
 */
const show = ({ buttons }, shown) => {
  for (const button of Object.values(buttons)) button.hidden = button !== buttons[shown];
};

/** @param {Side} side */
const openCamera = async (side) => {
  const { view } = side;
  side.noCamera.hidden = side.unreadable.hidden = true;
  sides.forEach(stopCamera);
  try {
    const wanted = { facingMode: side.facing, width: { ideal: 1920 }, height: { ideal: 1080 } };
    const stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
    view.srcObject = stream;
    view.hidden = false;
    side.preview.hidden = true;
    await view.play();
    show(side, "take");
    side.buttons.take.focus();
  } catch {
    stopCamera(side);
    show(side, "open");
    side.noCamera.hidden = false; // no camera, or the person said no: a file can be chosen still
  }
};

/** @param {Side} side */
const take = async (side) => {
  const { view } = side;
  side.unreadable.hidden = true;
  try {
    await put(side, view, view.videoWidth, view.videoHeight);
  } catch {
    side.unreadable.hidden = false; // the camera stays open: it can be taken again
    return;
  }
  stopCamera(side);
  show(side, "retake");
  side.buttons.retake.focus();
  count();
};

/** @param {Side} side */
const choose = async (side) => {
  const [file] = side.input.files ?? [];
  if (!file) return count();
  stopCamera(side);
  side.unreadable.hidden = true;
  try {
    const picture = await createImageBitmap(file);
    await put(side, picture, picture.width, picture.height);
    picture.close();
    if (hasCamera) show(side, "retake");
  } catch {
    side.preview.hidden = true; // this browser cannot draw it: it goes as it is
  }
  count();
};

for (const side of sides) {
  if (hasCamera) {
    show(side, "open");
    side.buttons.open.addEventListener("click", () => openCamera(side));
    side.buttons.retake.addEventListener("click", () => openCamera(side));
    side.buttons.take.addEventListener("click", () => take(side));
  }
  side.input.addEventListener("change", () => choose(side));
}

form.addEventListener("submit", () => {
  sides.forEach(stopCamera);
  /** @type {HTMLButtonElement | null} */
  const send = form.querySelector("[data-send]");
  if (send) send.disabled = true;
  form.querySelector("[data-sending]")?.removeAttribute("hidden");
});
