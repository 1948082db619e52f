import { expect, it } from "vitest";
import { editable, kept, type Mapping, patchOf } from "./apply";

const LIVE: Mapping = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: {
    name: "shop",
    namespace: "demo",
    uid: "1",
    resourceVersion: "7",
    labels: { team: "a", own: "mine" },
    managedFields: [
      {
        manager: "idp-portal",
        operation: "Apply",
        fieldsV1: { "f:metadata": { "f:labels": { "f:own": {} } } },
      },
    ] as never,
  },
  spec: { replicas: 1, paused: false, template: { containers: [{ name: "app", image: "a" }] } },
  status: { ready: 1 },
};

function edit(change: (object: Mapping) => void): Mapping {
  const copy = structuredClone(editable(LIVE));
  change(copy);
  return copy;
}

it("applies what was changed and what the portal owns, nothing else", () => {
  const edited = edit((object) => {
    (object.spec as Mapping).replicas = 3;
  });
  expect(patchOf(LIVE, edited)).toEqual({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "shop", namespace: "demo", labels: { own: "mine" } },
    spec: { replicas: 3 },
  });
});

it("applies nothing when nothing was changed", () => {
  expect(patchOf(LIVE, editable(LIVE))).toBeNull();
});

it("applies a list as a whole", () => {
  const edited = edit((object) => {
    (object.spec as Mapping).template = { containers: [{ name: "app", image: "b" }] };
  });
  expect(patchOf(LIVE, edited)?.spec).toEqual({
    template: { containers: [{ name: "app", image: "b" }] },
  });
});

it("drops its own field, and tells of a field that belongs to somebody else", () => {
  const edited = edit((object) => {
    (object.metadata as Mapping).labels = {};
  });
  const patch = patchOf(LIVE, edited);
  expect(patch?.metadata).toEqual({ name: "shop", namespace: "demo", labels: {} });
  const result = edit((object) => {
    (object.metadata as Mapping).labels = { team: "a" };
  });
  expect(kept(LIVE, edited, result)).toEqual([".metadata.labels.team"]);
});

it("keeps the identity whatever is written into the text", () => {
  const edited = edit((object) => {
    (object.metadata as Mapping).name = "other";
  });
  expect(patchOf(LIVE, edited)?.metadata).toMatchObject({ name: "shop" });
});
