// The page after a login posts its form by itself: what follows is for the browser that posts it. This is a
// navigation while the page still loads, so it takes the page's place in the history: nobody comes back to it by
// "Back", and its address stands in no list of visited pages. Without script it is one press.
"use strict";

/** @type {HTMLFormElement | null} */
const form = document.querySelector("form[data-act=finish]");
form?.submit();
