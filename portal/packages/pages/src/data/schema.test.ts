import { expect, it } from "vitest";
import { pathAt, problems, type Schema, Schemas } from "./schema";

const SCHEMAS = new Schemas({
  Port: { type: "object", required: ["port"], properties: { port: { type: "integer" } } },
  Thing: {
    type: "object",
    required: ["spec"],
    "x-kubernetes-group-version-kind": [{ group: "g", version: "v1", kind: "Thing" }],
    properties: {
      kind: { type: "string" },
      metadata: { type: "object" },
      spec: {
        type: "object",
        properties: {
          mode: { type: "string", enum: ["fast", "safe"] },
          replicas: { type: "integer", minimum: 0 },
          labels: { type: "object", additionalProperties: { type: "string" } },
          ports: { type: "array", items: { allOf: [{ $ref: "#/components/schemas/Port" }] } },
          any: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
        },
      },
    },
  },
});
const THING = SCHEMAS.ofKind("g", "v1", "Thing") as Schema;
const said = (text: string) => problems(text, SCHEMAS, THING).map((problem) => problem.message);

it("finds nothing in a document that fits", () => {
  expect(
    said(
      "kind: Thing\nspec:\n  mode: fast\n  labels: {a: b}\n  any: {x: 1}\n  ports:\n  - port: 1\n",
    ),
  ).toEqual([]);
});

it.each([
  ["spec:\n  colour: red\n", "spec.colour is not a field"],
  ["spec:\n  mode: slow\n", "spec.mode must be one of fast, safe"],
  ["spec:\n  replicas: many\n", "spec.replicas must be a whole number"],
  ["spec:\n  replicas: -1\n", "spec.replicas must be at least 0"],
  ["spec:\n  labels: {a: 1}\n", "spec.labels.a must be a text"],
  ["spec:\n  ports:\n  - {}\n", "spec.ports[0].port is needed"],
  ["spec: []\n", "spec must be a mapping"],
  ["kind: Thing\n", "spec is needed"],
  ["spec: {\n", ""],
])("names what is wrong in %j", (text, message) => {
  expect(said(text)[0]).toContain(message);
});

it("marks the place", () => {
  const text = "spec:\n  colour: red\n";
  const [problem] = problems(text, SCHEMAS, THING);
  expect(text.slice(problem?.from, problem?.to)).toBe("colour");
});

it.each([
  ["", 0, []],
  ["spec:\n  ", 1, ["spec"]],
  ["spec:\n  mode: fast\n  ", 2, ["spec"]],
  ["metadata:\n  name: x\nspec:\n  ", 3, ["spec"]],
  ["spec:\n  ports:\n  - port: 1\n    ", 3, ["spec", "ports", 0]],
  ["spec:\n  ports:\n    - port: 1\n    - ", 3, ["spec", "ports", 0]],
  ["spec:\n  labels:\n    a: b\n  ", 3, ["spec"]],
])("knows where the cursor is in %j", (text, row, path) => {
  expect(pathAt(text.split("\n"), row)).toEqual(path);
});
