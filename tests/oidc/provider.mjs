// A real OpenID provider (npm's oidc-provider) on loopback, for the tests of signing in to the consoles.
//
//   node provider.mjs REDIRECT_URI
//
// Prints its issuer. Whoever names herself at its login is who she says; `NAME@GROUP,GROUP` brings groups along.

import { once } from "node:events";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const home = createRequire(`${process.env.OIDC_HOME}/package.json`);
const { default: Provider } = await import(pathToFileURL(home.resolve("oidc-provider")).href);

const [redirect] = process.argv.slice(2);
const server = createServer();
server.listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
const issuer = `http://127.0.0.1:${port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "countersign",
      client_secret: "the-clients-own-secret-0123456789abcdef",
      redirect_uris: [redirect],
      response_types: ["code"],
      grant_types: ["authorization_code"],
    },
  ],
  pkce: { required: () => true },
  claims: { openid: ["sub"], profile: ["name", "groups"] },
  conformIdTokenClaims: process.env.CLAIMS_IN_USERINFO === "1",
  features: { devInteractions: { enabled: true } },
  cookies: { keys: ["not-a-secret"] },
  findAccount: (/** @type {unknown} */ _, /** @type {string} */ id) => ({
    accountId: id,
    claims: () => {
      const [name, groups = ""] = id.split("@");
      return { sub: id, name, groups: groups.split(",").filter(Boolean) };
    },
  }),
});
server.on("request", provider.callback());
console.log(`issuer ${issuer}`);
