import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { answered, errorOf } from ".";

it("is generated from the OpenAPI document as it is (npm run generate)", () => {
  const root = join(import.meta.dirname, "../../../..");
  const fresh = join(mkdtempSync(join(tmpdir(), "idp-client-")), "schema.ts");
  const generator = join(root, "portal/node_modules/.bin/openapi-typescript");
  execFileSync(generator, [join(root, "docs/reference/openapi.json"), "--output", fresh]);
  const current = readFileSync(join(import.meta.dirname, "schema.ts"), "utf8");
  expect(current === readFileSync(fresh, "utf8")).toBe(true);
}, 60_000);

it("gives a refusal as an error with its remedy", async () => {
  const error = errorOf(403, { message: "no", reason: "Forbidden", details: { remedy: "ask" } });
  expect([error.message, error.code, error.remedy, error.retryable]).toEqual([
    "no",
    403,
    "ask",
    false,
  ]);
  const response = new Response(null, { status: 503 });
  await expect(answered(Promise.resolve({ error: {}, response }))).rejects.toMatchObject({
    code: 503,
    retryable: true,
  });
});

it("says that the hub is silent when nothing answers", async () => {
  await expect(answered(Promise.reject(new TypeError("failed to fetch")))).rejects.toMatchObject({
    code: 0,
    retryable: true,
    remedy: expect.stringContaining("idp-cli up"),
  });
});
