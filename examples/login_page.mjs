// An external login page for Countersign. Node 20 or newer, no packages.
//
// It believes nothing of a request before the link's signature and time are checked, and keeps
// no state: the form posts to the signed link itself, so every request is checked again. The
// browser that logs in is led on, in the reply to its own request, and no other can ask for it.
//
//   SECURITY_KID=… SECURITY_KEY=… PUBLIC_URL=http://127.0.0.1:8090 PORT=8090 node examples/login_page.mjs

import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const { SECURITY_KID, SECURITY_KEY, PUBLIC_URL = "http://127.0.0.1:8090", PORT = "8090" } = process.env;
if (!SECURITY_KID || !SECURITY_KEY) throw new Error("set SECURITY_KID and SECURITY_KEY");
const key = Buffer.from(SECURITY_KEY, "base64url");
const mac = (/** @type {string} */ text) => createHmac("sha256", key).update(text).digest("base64url");
const seconds = () => Math.floor(Date.now() / 1000);

/**
 * The parameters of a link that our gateway signed and that is not over; else null.
 *
 * @param {string} target
 */
function signedLink(target) {
  const url = PUBLIC_URL + target; // our own public URL: the Host header is whatever a caller likes
  const at = url.lastIndexOf("&cs_signature=");
  if (at < 0) return null;
  const expected = Buffer.from(mac(url.slice(0, at)));
  const given = Buffer.from(url.slice(at + "&cs_signature=".length));
  if (expected.length !== given.length || !timingSafeEqual(expected, given)) return null;
  const link = new URL(url.slice(0, at)).searchParams; // only what the signature covers
  if (link.has("cs_expires") && !(Number(link.get("cs_expires")) > seconds())) return null;
  return link;
}

/**
 * Tells the gateway what came of it, server to server; where to lead this browser, and no other.
 *
 * @param {URLSearchParams} link
 * @param {object} claims
 * @returns {Promise<string | null>}
 */
async function postBack(link, claims) {
  const part = (/** @type {object} */ value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const callback = link.get("cs_callback") ?? "";
  const signed = [
    { alg: "HS256", typ: "JWT", kid: SECURITY_KID },
    {
      iss: PUBLIC_URL,
      aud: callback,
      nonce: link.get("cs_token"),
      jti: randomBytes(24).toString("base64url"),
      iat: seconds(),
      exp: seconds() + 60,
      ...claims,
    },
  ].map(part).join(".");
  const send = () =>
    fetch(callback, {
      method: "POST",
      redirect: "error",
      signal: AbortSignal.timeout(10_000),
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ assertion: `${signed}.${mac(signed)}` }),
    });
  // A lost reply: the same bytes again. Had the first arrived, this one is 409 `replayed`.
  const reply = await send().catch(send);
  const body = /** @type {{ continue_url?: string, code?: string }} */ (await reply.json());
  // Without `continue_url` where the flag was raised meanwhile.
  if (reply.ok || (reply.status === 409 && body.code === "replayed")) return body.continue_url ?? "";
  console.error(`post-back refused: ${reply.status} ${body.code}`);
  return null;
}

const HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": "no-store",
  "referrer-policy": "no-referrer", // the address holds the link's token
  "content-security-policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
};
const page = (/** @type {string} */ inner) => `<!doctype html><html lang="en"><meta charset="utf-8"><title>Log in</title>
<meta name="viewport" content="width=device-width"><h1>Example bank</h1>${inner}</html>`;
const form = (/** @type {string} */ note) => page(`<p role="alert">${note}</p><form method="post">
<p><label>User <input name="user" autocomplete="username" required autofocus></label>
<p><label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<p><button>Log in</button> <button name="act" value="cancel" formnovalidate>Cancel</button></form>`);

/**
 * Status, HTML and further headers.
 *
 * @param {import("node:http").IncomingMessage} request
 * @returns {Promise<[number, string, Record<string, string>?]>}
 */
async function answer(request) {
  const link = signedLink(request.url ?? "");
  if (!link) return [403, page("<p>This link is not ours or has ended. Ask for a new one in the chat.")];
  if (request.method === "GET") return [200, form("")];
  if (request.method !== "POST") return [405, page("")];
  // Only our own form: else a stranger's website logs this browser in to the stranger's account.
  const from = request.headers["sec-fetch-site"] ?? "same-origin";
  if (from !== "same-origin") return [403, page("<p>Open the link in the chat again.")];

  let body = "";
  for await (const chunk of request) if ((body += chunk).length > 4096) return [413, page("")];
  const typed = new URLSearchParams(body);
  /** @type {object} */
  let claims = { sub: "nobody", outcome: "cancelled" };
  if (typed.get("act") !== "cancel") {
    // Your own check of the person goes here, with a limit on guesses.
    if (typed.get("user") !== "demo" || typed.get("password") !== "demo") return [200, form("Wrong user or password.")];
    claims = { sub: "cust-42", name: "Demo Customer", auth_time: seconds(), amr: ["pwd"] };
  }
  const next = await postBack(link, claims);
  if (next === null) return [409, page("<p>This login could not be taken. Ask for a new link in the chat.")];
  return next ? [303, "", { location: next }] : [200, page("<p>You are logged in. Go back to the chat.")];
}

/**
 * @param {Error} error
 * @returns {[number, string]}
 */
const failed = (error) => (console.error(error.message), [502, page("<p>Please try again in a moment.")]);

createServer(async (request, response) => {
  const [status, text, more] = await answer(request).catch(failed);
  response.writeHead(status, { ...HEADERS, ...more }).end(text);
}).listen(Number(PORT), "127.0.0.1", () => console.log(`login page on ${PUBLIC_URL}`));
