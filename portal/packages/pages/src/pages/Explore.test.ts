import { expect, it } from "vitest";
import { kindsOf } from "../data/explore";
import { grouped, readAddress } from "./Explore";

it("reads addresses of kinds and objects", () => {
  expect(readAddress("uat/apis/apps/v1/deployments/demo/hello")).toEqual({
    environment: "uat",
    base: "apis/apps/v1",
    plural: "deployments",
    rest: ["demo", "hello"],
  });
  expect(readAddress("uat/api/v1/namespaces").plural).toBe("namespaces");
  expect(readAddress("uat").plural).toBe("");
});

it("lists the kinds that can be listed, the platform first", () => {
  const kind = (name: string, verbs: string[]) => ({
    resource: `${name.toLowerCase()}s`,
    scope: "Namespaced",
    verbs,
    responseKind: { kind: name },
  });
  const kinds = kindsOf({
    items: [
      { metadata: {}, versions: [{ version: "v1", resources: [kind("Pod", ["list", "get"])] }] },
      {
        metadata: { name: "platform.idp" },
        versions: [
          {
            version: "v1alpha1",
            resources: [kind("Release", ["list"]), kind("Hidden", ["create"])],
          },
        ],
      },
    ],
  });
  expect(kinds.map((found) => found.kind)).toEqual(["Pod", "Release"]);
  expect([...grouped(kinds).keys()]).toEqual(["platform.idp", ""]);
});
