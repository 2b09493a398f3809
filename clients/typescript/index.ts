// A Countersign gateway with types: every path, body and reply is checked against its OpenAPI document.
// `schema.d.ts` is made by scripts/clients; nothing here repeats what the document says.
import createClient from "openapi-fetch";
import type { paths } from "./schema.js";

export type { components, paths } from "./schema.js";

/** A client that calls the gateway at `url` as the holder of an API key. */
export const countersign = (url: string, key: string) =>
  createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${key}` } });
