// The rules for scripts: ESLint's recommended ones and a few more. The packages are where scripts/interop
// installs them, outside of the source tree.

import { createRequire } from "node:module";

const packages = createRequire(new URL("../../../target/interop/scripts/package.json", import.meta.url));
/** @type {typeof import("../../../target/interop/scripts/node_modules/@eslint/js/types/index.js")} */
const js = packages("@eslint/js");
/** @type {Record<"browser" | "node", Record<string, boolean>>} */
const globals = packages("globals");

// Scripts of pages that are no modules: their tag says `defer` and not `type="module"`.
const CLASSIC = ["checking", "countersign", "countersign-status", "opener", "page", "photo", "reference", "returning"];

export default [
  { ignores: ["target/", "**/node_modules/", "clients/typescript/dist/"] },
  {
    ...js.configs.recommended,
    linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: "error" },
  },
  {
    rules: {
      "array-callback-return": "error",
      "eqeqeq": "error",
      "no-eval": "error",
      "no-implicit-globals": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-throw-literal": "error",
      "no-unused-expressions": "error",
      "no-var": "error",
      "no-warning-comments": ["error", { terms: ["@ts-ignore", "@ts-expect-error", "@ts-nocheck", "{any}"], location: "anywhere" }],
      "object-shorthand": "error",
      "prefer-arrow-callback": "error",
      "prefer-const": "error",
      "prefer-template": "error",
      "strict": ["error", "global"],
    },
  },
  { files: ["**/*.js"], languageOptions: { globals: globals.browser } },
  { files: CLASSIC.map((name) => `pages/src/${name}.js`), languageOptions: { sourceType: "script" } },
  { files: ["**/*.mjs"], languageOptions: { globals: globals.node } },
];
