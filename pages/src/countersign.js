// For the chat's page, in one tag:
//
//   <script src="https://GATEWAY/countersign.js" data-team="TEAM" data-token="/chat-token" defer></script>
//
// puts the gateway's own web chat on the page: a button, and a window in a frame of the gateway's
// origin. The page's server answers `POST /chat-token` with {token}, which it gets from the gateway
// for this visitor's conversation. By script: countersign.chat({team, token}), where `token` is such an
// address or a function that answers the token; it gives back {open, close, remove}.
//
// Who has a chat of another make opens login links with it:
//
//   button.onclick = () => countersign.open(linkReply);     // {url, opener_secret}, or a promise of it
//
// That opens the login link in a window of its own and proves to it, once, that it was opened by this
// chat: the proof goes to exactly that window and to the gateway's origin, and is never in a URL.
// Call it inside the click, or the browser blocks the window; then the answer is null, and the
// person can still open the link by hand and confirm with a code. A chat page that sends
// Cross-Origin-Opener-Policy needs `same-origin-allow-popups`.
"use strict";

(() => {
  const script = /** @type {HTMLScriptElement} */ (document.currentScript);
  const gateway = new URL(script.src).origin;

  // A link of another origin is not ours, whoever put it into the chat.
  /** @param {OpenedLink} link */
  const checked = (link) => {
    const url = new URL(link.url);
    if (url.origin === gateway) return url.href;
    throw new Error(`countersign: the link is of ${url.origin}, this script of ${gateway}`);
  };

  /** @type {(opened: Window | null, secret?: string | null) => void} */
  const answerOnce = (opened, secret) => {
    if (!opened || !secret) return;
    /** @param {MessageEvent} event */
    const listen = (event) => {
      if (event.source !== opened || event.origin !== gateway) return;
      if (event.data?.type !== "countersign.ready") return;
      window.removeEventListener("message", listen);
      opened.postMessage({ type: "countersign.bind", secret }, gateway);
    };
    window.addEventListener("message", listen);
  };

  /** @type {(opened: Window, promised: Promise<OpenedLink>) => Promise<void>} */
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

  /** @type {Countersign["open"]} */
  const open = (link) => {
    if ("then" in link) {
      const opened = window.open("about:blank", "_blank");
      if (opened) void follow(opened, link);
      return opened;
    }
    const opened = window.open(checked(link), "_blank");
    answerOnce(opened, link.opener_secret);
    return opened;
  };

  // The web chat. What is said there stays in the frame: this page sees neither words nor links nor
  // codes, and hears from it only that it wants a token, is to be closed, or how much is unread.

  const labels = /** @type {TextsByLanguage} */ ({} /* by language, from the gateway's own tables */);

  // A sheet made by script and not a style element: no policy of the page need make an exception.
  const look = `
    :host { all: initial; position: fixed; inset-block: auto 1rem; inset-inline: auto 1rem; z-index: 2147483000; color-scheme: light dark; }
    button { display: grid; place-items: center; position: relative; width: 3.5rem; height: 3.5rem; margin: 0; padding: 0;
      border: 2px solid #ffffff; border-radius: 50%; background: var(--countersign-accent, #0b5cad);
      color: var(--countersign-on-accent, #ffffff); box-shadow: 0 2px 10px rgb(0 0 0 / 35%); cursor: pointer; }
    button:focus-visible { outline: 3px solid #0b5cad; outline-offset: 3px; box-shadow: 0 0 0 3px #ffffff; }
    svg { width: 1.75rem; height: 1.75rem; fill: currentcolor; }
    b { position: absolute; inset-block-start: -0.375rem; inset-inline-end: -0.375rem; min-width: 1.375rem; padding: 0 0.25rem; box-sizing: border-box;
      border-radius: 1rem; background: #b3261e; color: #ffffff; font: 700 0.8125rem/1.375rem system-ui, sans-serif; text-align: center; }
    iframe { display: block; position: fixed; inset-block: auto 1rem; inset-inline: auto 1rem; width: 24rem; height: min(40rem, calc(100dvh - 2rem));
      border: 1px solid rgb(128 128 128 / 50%); border-radius: 1rem; background: Canvas; box-shadow: 0 6px 28px rgb(0 0 0 / 35%); }
    [hidden] { display: none; }
    @media (max-width: 30rem), (max-height: 26rem) {
      iframe { inset: 0; width: 100%; height: 100dvh; border: 0; border-radius: 0; }
    }`;

  const bubble = () => {
    const space = "http://www.w3.org/2000/svg";
    const icon = document.createElementNS(space, "svg");
    const path = document.createElementNS(space, "path");
    icon.setAttribute("viewBox", "0 0 24 24");
    icon.setAttribute("aria-hidden", "true");
    path.setAttribute("d", "M4 3h16a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2h-9l-5 4v-4H4a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2z");
    icon.append(path);
    return icon;
  };

  // From the page's own server, for the visitor whom it knows by its own cookie.
  /** @param {string} address */
  const fetched = async (address) => {
    const reply = await fetch(address, { method: "POST", credentials: "same-origin", cache: "no-store" });
    if (!reply.ok) throw new Error(`countersign: ${address} answered ${reply.status}`);
    return (await reply.json()).token;
  };

  /** @type {Countersign["chat"]} */
  const chat = ({ team, token, lang }) => {
    const language = lang || document.documentElement.lang || navigator.language || "en";
    const { open: openLabel = "", title = "", unread: unreadLabel } = labels[language.slice(0, 2).toLowerCase()] ?? labels.en;
    const host = document.createElement("div");
    host.setAttribute("data-countersign", "");
    const root = host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(look);
    root.adoptedStyleSheets = [sheet];
    const launcher = document.createElement("button");
    const badge = document.createElement("b");
    launcher.type = "button";
    badge.hidden = true;
    badge.setAttribute("aria-hidden", "true"); // the button's own label says it in words
    launcher.append(bubble(), badge);
    root.append(launcher);
    /** @type {HTMLIFrameElement | null} */
    let frame = null;

    /** @param {number} count */
    const label = (count) => {
      badge.hidden = !count;
      badge.textContent = count > 9 ? "9+" : String(count);
      launcher.setAttribute("aria-label", count ? `${openLabel}, ${badge.textContent} ${unreadLabel}` : openLabel);
    };
    const tell = (/** @type {string} */ type, more = {}) => frame?.contentWindow?.postMessage({ type: `countersign.page.${type}`, ...more }, gateway);

    const give = async () => {
      try {
        const given = typeof token === "function" ? await token() : await fetched(token);
        if (typeof given !== "string") throw new Error("countersign: there is no token");
        tell("token", { token: given });
      } catch (error) {
        tell("no-token");
        console.error(error);
      }
    };
    const show = () => {
      if (!frame) {
        frame = document.createElement("iframe");
        frame.title = title;
        frame.src = `${gateway}/webchat/${encodeURIComponent(team)}?lang=${encodeURIComponent(language)}`;
        root.append(frame);
      }
      frame.hidden = false;
      launcher.hidden = true;
      label(0);
      frame.focus();
      tell("shown");
    };
    const hide = () => {
      if (!frame || frame.hidden) return;
      frame.hidden = true;
      launcher.hidden = false;
      tell("hidden");
      launcher.focus();
    };
    /** @param {MessageEvent} event */
    const hear = (event) => {
      if (!frame || event.source !== frame.contentWindow || event.origin !== gateway) return;
      const { type, count } = event.data ?? {};
      if (type === "countersign.window.wants-token") void give();
      if (type === "countersign.window.close") hide();
      if (type === "countersign.window.unread" && Number.isInteger(count)) label(count);
    };
    const remove = () => {
      window.removeEventListener("message", hear);
      host.remove();
    };

    label(0);
    launcher.addEventListener("click", show);
    window.addEventListener("message", hear);
    document.body.append(host);
    return Object.freeze({ open: show, close: hide, remove });
  };

  window.countersign = Object.freeze({ open, chat });

  const { team, token, lang } = script.dataset;
  if (team && token) {
    const begin = () => chat({ team, token, lang });
    if (document.body) begin();
    else document.addEventListener("DOMContentLoaded", begin);
  }
})();
