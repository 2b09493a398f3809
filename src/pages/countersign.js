// For the chat's page:  <script src="https://GATEWAY/countersign.js"></script>
//
//   button.onclick = () => countersign.open(linkReply);     // {url, opener_secret}, or a promise of it
//
// Opens the login link in a window of its own and proves to it, once, that it was opened by this
// chat: the proof goes to exactly that window and to the gateway's origin, and is never in a URL.
// Call it inside the click, or the browser blocks the window; then the answer is null, and the
// person can still open the link by hand and confirm with a code. A chat page that sends
// Cross-Origin-Opener-Policy needs `same-origin-allow-popups`.
"use strict";

(() => {
  const gateway = new URL(document.currentScript.src).origin;

  // A link of another origin is not ours, whoever put it into the chat.
  const checked = (link) => {
    const url = new URL(link.url);
    if (url.origin === gateway) return url.href;
    throw new Error(`countersign: the link is of ${url.origin}, this script of ${gateway}`);
  };

  const answerOnce = (opened, secret) => {
    if (!opened || !secret) return;
    const listen = (event) => {
      if (event.source !== opened || event.origin !== gateway) return;
      if (event.data?.type !== "countersign.ready") return;
      window.removeEventListener("message", listen);
      opened.postMessage({ type: "countersign.bind", secret }, gateway);
    };
    window.addEventListener("message", listen);
  };

  const follow = async (opened, promised) => {
    try {
      const link = await promised;
      const url = checked(link);
      answerOnce(opened, link.opener_secret);
      opened.location.replace(url);
    } catch (error) {
      opened.close();
      throw error;
    }
  };

  const open = (link) => {
    if (typeof link?.then === "function") {
      const opened = window.open("about:blank", "_blank");
      if (opened) void follow(opened, link);
      return opened;
    }
    const opened = window.open(checked(link), "_blank");
    answerOnce(opened, link.opener_secret);
    return opened;
  };

  window.countersign = Object.freeze({ open });
})();
