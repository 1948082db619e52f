import { expect, it } from "vitest";
import { duration, relative } from "./Time";

const now = new Date("2026-11-25T12:00:00Z");

it.each([
  ["2026-11-25T11:59:58Z", "just now"],
  ["2026-11-25T11:59:20Z", "40 sec. ago"],
  ["2026-11-25T11:55:00Z", "5 min. ago"],
  ["2026-11-25T09:00:00Z", "3 hr. ago"],
  ["2026-11-24T11:00:00Z", "yesterday"],
  ["2026-01-01T00:00:00Z", "10 mo. ago"],
  ["2026-11-25T12:10:00Z", "in 10 min."],
])("%s is %s", (moment, words) => {
  expect(relative(new Date(moment), now)).toBe(words);
});

it("tells how long something took", () => {
  expect(duration("2026-11-25T12:00:00Z", "2026-11-25T12:00:07Z")).toBe("7 s");
  expect(duration("2026-11-25T12:00:00Z", "2026-11-25T12:01:12Z")).toBe("1 min 12 s");
  expect(duration("2026-11-25T12:00:00Z", "2026-11-25T14:05:00Z")).toBe("2 h 5 min");
  expect(duration("2026-11-25T12:00:00Z", null)).toBe("");
});
