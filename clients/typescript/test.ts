// One login journey through the typed client: COUNTERSIGN_URL and BOT_KEY say where and as whom.
import assert from "node:assert/strict";
import test from "node:test";
import { countersign } from "./index.js";

const env = (name: string) => process.env[name] ?? assert.fail(`set ${name}`);

test("a bot asks for a login", async () => {
  const gateway = countersign(env("COUNTERSIGN_URL"), env("BOT_KEY"));
  const opened = await gateway.POST("/v1/interactions", {
    body: { channel: "terminal", conversation: `typescript-${process.pid}`, participants: [{ role: "primary" }] },
  });
  assert.ok(opened.data, JSON.stringify(opened.error));
  const path = { id: opened.data.id };

  const flag = await gateway.GET("/v1/interactions/{id}/authentication", {
    params: { path, query: { intent: "statement_copy" } },
  });
  assert.equal(flag.data?.authenticated, false);
  assert.equal(flag.data?.intent?.allowed, false);

  const link = await gateway.POST("/v1/interactions/{id}/login-links", {
    params: { path },
    body: { purpose: "mid_chat", intent: "statement_copy" },
  });
  assert.ok(link.data?.url.startsWith(`${env("COUNTERSIGN_URL")}/l/`), JSON.stringify(link.error));

  const now = await gateway.GET("/v1/interactions/{id}", { params: { path } });
  assert.equal(now.data?.authentication.status, "pending");

  const refused = await countersign(env("COUNTERSIGN_URL"), "not a key").GET("/v1/interactions");
  assert.equal(refused.response.status, 401);
});
