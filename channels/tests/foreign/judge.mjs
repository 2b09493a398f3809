// The platforms' own libraries for Node: they sign what comes in, say whether they believe it, and
// whether they take what is signed here. Questions come as one JSON list, answers leave as one.
//
//   {"do": "sign", "by": SCHEME, "url", "body", "now", "secrets", "account", "key"}  → {url?, headers, body?}
//   {"do": "judge", …the same, and "headers"}     whether an incoming request is believed → true, false, null: it has no verifier
//   {"do": "take", …the same, and "headers"}      whether a request of ours is taken

import { createHash, createPrivateKey, createPublicKey, createHmac, createSecretKey, createSign, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import https from "node:https";
import { createRequire } from "node:module";
import { Readable } from "node:stream";
import { readFileSync } from "node:fs";

/**
 * @typedef {"auth_token" | "channel_secret" | "inbound_secret" | "signing_secret" | "signing_key" | "signature_secret"
 *   | "webhook_secret" | "jwt_secret" | "api_secret" | "secret_access_key"} SecretName
 * @typedef {"topic_arn" | "connection_id" | "msp_id" | "app_id" | "access_key_id" | "region"} AccountField
 */

/**
 * @typedef {object} Question
 * @property {"sign" | "judge" | "take"} do
 * @property {string} by
 * @property {string} url
 * @property {string} body
 * @property {number} now
 * @property {Record<SecretName, string>} secrets
 * @property {Record<AccountField, string>} account
 * @property {string} key
 * @property {string} certificate
 * @property {Record<string, string>} headers
 */

/** @typedef {{ url?: string, headers: Record<string, string>, body?: string }} Signed */
/** @typedef {boolean | Promise<boolean>} Judged */

/**
 * @typedef {object} Scheme
 * @property {(question: Question) => Signed} [sign]
 * @property {(question: Question) => Judged} [judge]
 * @property {(question: Question) => Judged} [take]
 */

const home = createRequire(`${process.argv[2]}/package.json`);
const sha256 = (/** @type {string} */ body) => createHash("sha256").update(body).digest("hex");
const bearer = (/** @type {Question} */ question) => (question.headers.authorization ?? "").replace(/^Bearer /, "");
const held = (/** @type {() => unknown} */ check) => {
  try {
    return check() !== false;
  } catch {
    return false;
  }
};

const twilio = () => home("twilio/lib/webhooks/webhooks");
const params = (/** @type {string} */ body) => {
  /** @type {Record<string, string | string[]>} */
  const found = {};
  for (const [name, value] of new URLSearchParams(body)) {
    const before = found[name];
    found[name] = before === undefined ? value : [before, value].flat();
  }
  return found;
};

/**
 * The text that Amazon signs: the fields in this order, each with its name on a line before it.
 *
 * @param {Record<string, string>} message
 */
const notification = (message) =>
  ["Message", "MessageId", "Timestamp", "TopicArn", "Type"].map((name) => `${name}\n${message[name]}\n`).join("");

/**
 * @param {"1" | "2"} version
 * @returns {Scheme}
 */
const sns = (version) => ({
  sign(question) {
    const message = {
      Type: "Notification",
      MessageId: randomUUID(),
      TopicArn: question.account.topic_arn,
      Message: question.body,
      Timestamp: new Date(question.now * 1000).toISOString(),
      SignatureVersion: version,
      SigningCertURL: "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0000.pem",
    };
    const algorithm = version === "1" ? "RSA-SHA1" : "RSA-SHA256";
    const Signature = createSign(algorithm).update(notification(message)).sign(question.key, "base64");
    return { headers: {}, body: JSON.stringify({ ...message, Signature }) };
  },
  async judge(question) {
    const { get } = https;
    /** @type {(url: string, answer: (reply: Readable) => void) => object} */
    const answered = (_url, answer) => {
      answer(Object.assign(Readable.from([question.certificate]), { statusCode: 200 }));
      return { on() {} };
    };
    Object.assign(https, { get: answered }); // the certificate is the test's, whatever its address
    try {
      const Validator = home("sns-validator");
      const message = JSON.parse(question.body);
      return await new Promise((done) => new Validator().validate(message, (/** @type {unknown} */ error) => done(!error)));
    } catch {
      return false;
    } finally {
      Object.assign(https, { get });
    }
  },
});

/**
 * A JSON web token that a widely used library makes and reads.
 *
 * @param {(question: Question) => { claims: Record<string, string>, key: string | Buffer }} options
 * @returns {Scheme}
 */
const token = (options) => ({
  sign(question) {
    const { claims, key } = options(question);
    const made = home("jsonwebtoken").sign({ iat: question.now, ...claims }, key, { algorithm: "HS256" });
    return { headers: { authorization: `Bearer ${made}` } };
  },
  judge(question) {
    const { claims, key } = options(question);
    return held(() => {
      const read = home("jsonwebtoken").verify(bearer(question), key, { algorithms: ["HS256"] });
      return ["iss", "aud"].every((name) => read[name] === claims[name]);
    });
  },
});

/** @type {Record<string, Scheme>} */
const schemes = {
  twilio: {
    sign: ({ secrets, url, body }) => ({
      headers: { "x-twilio-signature": twilio().getExpectedTwilioSignature(secrets.auth_token, url, params(body)) },
    }),
    judge: ({ secrets, url, body, headers }) =>
      twilio().validateRequest(secrets.auth_token, headers["x-twilio-signature"], url, params(body)),
  },
  "twilio-json": {
    sign({ secrets, url, body }) {
      const signed = `${url}?bodySHA256=${twilio().getExpectedBodyHash(body)}`;
      const signature = twilio().getExpectedTwilioSignature(secrets.auth_token, signed, {});
      return { url: signed, headers: { "x-twilio-signature": signature } };
    },
    judge: ({ secrets, url, body, headers }) =>
      held(() => twilio().validateRequestWithBody(secrets.auth_token, headers["x-twilio-signature"], url, body)),
  },
  line: {
    // Its library only verifies.
    sign: ({ secrets, body }) => ({
      headers: { "x-line-signature": createHmac("sha256", secrets.channel_secret).update(body).digest("base64") },
    }),
    judge: ({ secrets, body, headers }) =>
      home("@line/bot-sdk").validateSignature(body, secrets.channel_secret, headers["x-line-signature"]),
  },
  "standard-webhooks": {
    sign({ secrets, body, now }) {
      const { Webhook } = home("standardwebhooks");
      const [id, time] = ["msg_2KWPBgLlAfxdpx2AI54pPJ85f4W", new Date(now * 1000)];
      const signature = new Webhook(secrets.inbound_secret).sign(id, time, body);
      return { headers: { "webhook-id": id, "webhook-timestamp": String(now), "webhook-signature": signature } };
    },
    judge: ({ secrets, body, headers }) => {
      const { Webhook } = home("standardwebhooks");
      return held(() => new Webhook(secrets.inbound_secret).verify(body, headers) !== undefined);
    },
    take: ({ secrets, body, headers }) => {
      const { Webhook } = home("standardwebhooks");
      return held(() => new Webhook(secrets.signing_secret).verify(body, headers) !== undefined);
    },
  },
  messagebird: {
    // Its library only verifies, and by the real clock: on a busy machine minutes pass until it does.
    sign({ secrets, url, body, now }) {
      const claims = { iss: "MessageBird", nbf: now, exp: now + 600, jti: randomUUID(), url_hash: sha256(url), payload_hash: sha256(body) };
      const options = { algorithm: "HS256", noTimestamp: true };
      return { headers: { "messagebird-signature-jwt": home("jsonwebtoken").sign(claims, secrets.signing_key, options) } };
    },
    judge: ({ secrets, url, body, headers }) => {
      const { verify } = home("messagebird/lib/webhook-signature-jwt");
      /** @type {Promise<unknown>} */
      const judged = verify(url, Buffer.from(body), headers["messagebird-signature-jwt"], createSecretKey(secrets.signing_key, "utf8"));
      return judged.then(() => true, () => false);
    },
  },
  vonage: {
    // Its library verifies the token; the body's hash is for whoever receives it to compare.
    sign({ secrets, body, now }) {
      const claims = { iss: "Vonage", iat: now, jti: randomUUID(), payload_hash: sha256(body), api_key: "abcd1234" };
      const made = home("jsonwebtoken").sign(claims, secrets.signature_secret, { algorithm: "HS256" });
      return { headers: { authorization: `Bearer ${made}` } };
    },
    judge: (question) => held(() => home("@vonage/jwt").verifySignature(bearer(question), question.secrets.signature_secret)),
    take: (question) =>
      held(() => home("jsonwebtoken").verify(bearer(question), createPublicKey(question.key), { algorithms: ["RS256"] })),
  },
  sinch: {
    // Its library only verifies.
    sign({ secrets, body, now }) {
      const [name, nonce] = ["x-sinch-webhook-signature", randomUUID().replaceAll("-", "")];
      const signature = createHmac("sha256", secrets.webhook_secret).update(`${body}.${nonce}.${now}`).digest("base64");
      return {
        headers: {
          [name]: signature,
          [`${name}-nonce`]: nonce,
          [`${name}-timestamp`]: String(now),
          [`${name}-algorithm`]: "HmacSHA256",
        },
      };
    },
    judge({ secrets, body, headers }) {
      // The whole library asks for more than it brings along; this part of it needs nothing.
      const { validateWebhookSignature } = home(`${process.argv[2]}/node_modules/@sinch/sdk-client/dist/utils/authorization.helper.js`);
      return validateWebhookSignature(secrets.webhook_secret, headers, body);
    },
  },
  sns: sns("2"),
  "sns-sha1": sns("1"),
  pega: {
    ...token(({ secrets, account }) => ({ claims: { iss: account.connection_id }, key: secrets.jwt_secret })),
    take: (question) => held(() => home("jsonwebtoken").verify(bearer(question), question.secrets.jwt_secret, { algorithms: ["HS256"] })),
  },
  apple: {
    ...token(({ secrets, account }) => ({ claims: { aud: account.msp_id }, key: Buffer.from(secrets.api_secret, "base64") })),
    take(question) {
      const key = Buffer.from(question.secrets.api_secret, "base64");
      return held(() => home("jsonwebtoken").verify(bearer(question), key, { algorithms: ["HS256"] }));
    },
  },
  "bot-framework": {
    // The library asks for the keys where it is told that they are; these are the test's.
    sign(question) {
      const { serviceUrl } = JSON.parse(question.body);
      const claims = { iss: "https://api.botframework.com", aud: question.account.app_id, serviceurl: serviceUrl };
      const times = { iat: question.now, nbf: question.now, exp: question.now + 3600 };
      const options = { algorithm: "RS256", keyid: "one" };
      const made = home("jsonwebtoken").sign({ ...claims, ...times }, createPrivateKey(question.key), options);
      return { headers: { authorization: `Bearer ${made}` } };
    },
    async judge(question) {
      const { ChannelValidation, SimpleCredentialProvider } = home("botframework-connector");
      const server = await published(question.key);
      try {
        const { serviceUrl, channelId } = JSON.parse(question.body);
        ChannelValidation.OpenIdMetadataEndpoint = `${addressOf(server)}/configuration`;
        const app = new SimpleCredentialProvider(question.account.app_id, "");
        const { authorization } = question.headers;
        const identity = await ChannelValidation.authenticateChannelTokenWithServiceUrl(authorization, app, serviceUrl, channelId);
        return identity.isAuthenticated;
      } catch {
        return false;
      } finally {
        server.close();
      }
    },
  },
  "amazon-sns": {
    async take({ secrets, account, url, body, headers }) {
      const { SignatureV4 } = home("@smithy/signature-v4");
      const { Sha256 } = home("@aws-crypto/sha256-js");
      const { host, hostname, pathname: path } = new URL(url);
      const credentials = { accessKeyId: account.access_key_id, secretAccessKey: secrets.secret_access_key };
      const signer = new SignatureV4({ service: "sns", region: account.region, credentials, sha256: Sha256, applyChecksum: false });
      const date = headers["x-amz-date"] ?? "";
      const [, year, month, day, hour, minute, second] = date.match(/^(....)(..)(..)T(..)(..)(..)Z$/) ?? [];
      const signingDate = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
      const request = { method: "POST", protocol: "https:", hostname, path, query: {}, body };
      const own = { host, "content-type": headers["content-type"] };
      const signed = await signer.sign({ ...request, headers: own }, { signingDate });
      return signed.headers.authorization === headers.authorization;
    },
  },
};

/** @param {import("node:http").Server} server */
const addressOf = (server) => `http://127.0.0.1:${/** @type {import("node:net").AddressInfo} */ (server.address()).port}`;

/**
 * A server that publishes the key as the platform does.
 *
 * @param {string} key
 */
async function published(key) {
  const { n, e } = createPublicKey(key).export({ format: "jwk" });
  const server = createServer((request, reply) => {
    const keys = { keys: [{ kty: "RSA", kid: "one", n, e, use: "sig", endorsements: ["msteams"] }] };
    const configuration = {
      issuer: "https://api.botframework.com",
      jwks_uri: `${addressOf(server)}/keys`,
      id_token_signing_alg_values_supported: ["RS256"],
    };
    const body = JSON.stringify(request.url === "/keys" ? keys : configuration);
    reply.writeHead(200, { "content-type": "application/json", connection: "close" }).end(body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

/** @type {Question[]} */
const questions = JSON.parse(readFileSync(0, "utf8"));
const answers = [];
for (const question of questions) {
  const scheme = schemes[question.by];
  if (!scheme) throw new Error(`there is no scheme ${question.by}`);
  const act = scheme[question.do];
  answers.push(act ? await act(question) : null);
}
process.stdout.write(JSON.stringify(answers), () => process.exit(0));
