import { expect, it } from "vitest";
import { concerned } from "./live";

it("asks again for what a change shows on, and for everything after a gap", () => {
  expect(concerned({ type: "changed", kind: "Approval" })).toEqual(["promotion", "approvals"]);
  expect(concerned({ type: "changed", kind: "Something" })).toEqual([]);
  expect(concerned({ type: "resync" })).toContain("board");
});
