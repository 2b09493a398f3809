// A portal in the browser: the team's open interactions, and beside each, live, whether its customer is
// authenticated. Node 20 or newer, no packages.
//
// The check mark is `<countersign-status>`, one script tag of the gateway's. What lets it look is made here,
// for one interaction at a time, with an API key that the page never sees.
//
//   AGENT_KEY=… node examples/portal_page.mjs        (COUNTERSIGN_URL, PORT)

import { createServer } from "node:http";

const { AGENT_KEY, COUNTERSIGN_URL = "http://127.0.0.1:8080", PORT = "8092" } = process.env;
if (!AGENT_KEY) throw new Error("set AGENT_KEY");
const gateway = new URL(COUNTERSIGN_URL).origin;

/**
 * @typedef {object} Interaction
 * @property {string} id
 * @property {string} channel
 * @property {{ name?: string | null }[]} participants
 */

/**
 * Calls the gateway's API.
 *
 * @template Answer
 * @param {"GET" | "POST"} method
 * @param {string} path
 * @param {object} [body]
 * @returns {Promise<Answer>}
 */
async function ask(method, path, body) {
  const headers = { authorization: `Bearer ${AGENT_KEY}`, "content-type": "application/json" };
  const reply = await fetch(gateway + path, { method, headers, body: body && JSON.stringify(body) });
  if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${await reply.text()}`);
  return /** @type {Promise<Answer>} */ (reply.json());
}

const escaped = (/** @type {string} */ text) => text.replace(/[&<>"']/g, (sign) => `&#${sign.codePointAt(0)};`);

/** @param {Interaction} interaction */
const row = ({ id, channel, participants: [primary] }) =>
  `<tr><td><countersign-status interaction="${escaped(id)}"></countersign-status></td>` +
  `<td>${escaped(primary?.name ?? "Unnamed")}</td><td>${escaped(channel)}</td></tr>`;

const page = (/** @type {Interaction[]} */ interactions) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Open conversations</title>
<script src="${gateway}/countersign-status.js" data-token="/status-token" defer></script>
<main>
<h1>Open conversations</h1>
<table>
<tr><th scope="col">Status</th><th scope="col">Customer</th><th scope="col">Channel</th></tr>
${interactions.map(row).join("\n")}
</table>
</main>
</html>`;

// Only the gateway's script, and requests to it and to ourselves: the mark needs no exception.
const policy = `default-src 'none'; script-src ${gateway}; connect-src 'self' ${gateway}; base-uri 'none'`;

/**
 * @param {import("node:http").IncomingMessage} request
 * @param {import("node:http").ServerResponse} response
 */
async function answer(request, response) {
  const json = (/** @type {number} */ status, /** @type {unknown} */ value) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
  if (request.method === "GET" && request.url === "/") {
    /** @type {{ items: Interaction[] }} */
    const { items } = await ask("GET", "/v1/interactions?status=open&limit=100");
    const headers = { "content-type": "text/html; charset=utf-8", "content-security-policy": policy };
    return response.writeHead(200, headers).end(page(items));
  }
  if (request.method === "POST" && request.url === "/status-token") {
    // A real portal knows by its own session who asks, and whether she may see this conversation.
    if (request.headers["sec-fetch-site"] !== "same-origin") return json(403, {});
    let body = "";
    for await (const part of request) if ((body += part).length > 1000) return json(413, {});
    const { interaction } = JSON.parse(body);
    if (!/^[0-9a-f-]{36}$/.test(interaction)) return json(404, {});
    return json(200, await ask("POST", `/v1/interactions/${interaction}/embed-links`, { panel: "status" }));
  }
  return json(404, {});
}

const server = createServer((request, response) => {
  answer(request, response).catch((error) => {
    console.error(error.message);
    if (!response.headersSent) response.writeHead(502);
    response.end();
  });
});
server.listen(Number(PORT), "127.0.0.1", () => {
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  console.log(`the portal is at http://127.0.0.1:${port}`);
});
