/** Any kind of an instance's own API, through the hub, with the rights of who is signed in. */
import { useQuery } from "@tanstack/react-query";
import { hub } from "./hub";

const DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
const TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1";

/** A kind that an instance serves. */
export interface Kind {
  base: string;
  group: string;
  version: string;
  plural: string;
  kind: string;
  namespaced: boolean;
}

interface Discovery {
  items: ReadonlyArray<{
    metadata: { name?: string };
    versions: ReadonlyArray<{
      version: string;
      resources?: ReadonlyArray<{
        resource: string;
        scope: string;
        verbs: readonly string[];
        responseKind: { kind: string };
      }>;
    }>;
  }>;
}

/** The kinds of a discovery answer that can be listed. */
export function kindsOf(discovery: Discovery): Kind[] {
  return discovery.items.flatMap((group) => {
    const name = group.metadata.name ?? "";
    const first = group.versions[0];
    return (first?.resources ?? [])
      .filter((resource) => resource.verbs.includes("list"))
      .map((resource) => ({
        base: name ? `apis/${name}/${first?.version}` : `api/${first?.version}`,
        group: name,
        version: first?.version ?? "",
        plural: resource.resource,
        kind: resource.responseKind.kind,
        namespaced: resource.scope === "Namespaced",
      }));
  });
}

export function useKinds(environment: string) {
  return useQuery({
    queryKey: ["kinds", environment],
    queryFn: async () => {
      const answers = await Promise.all(
        ["/api", "/apis"].map((path) => hub.instance(environment, path, { accept: DISCOVERY })),
      );
      return answers.flatMap((answer) => kindsOf(JSON.parse(answer) as Discovery));
    },
    staleTime: 60_000,
    refetchInterval: false,
  });
}

export interface Table {
  columnDefinitions: ReadonlyArray<{ name: string; priority: number }>;
  rows: ReadonlyArray<{
    cells: readonly unknown[];
    object: { metadata: { name: string; namespace?: string } };
  }>;
}

export function useTable(environment: string, path: string) {
  return useQuery({
    queryKey: ["table", environment, path],
    queryFn: async () =>
      JSON.parse(await hub.instance(environment, `/${path}?limit=500`, { accept: TABLE })) as Table,
    refetchInterval: 10_000,
  });
}

export function useObject(environment: string, path: string) {
  return useQuery({
    queryKey: ["object", environment, path],
    queryFn: async () =>
      JSON.parse(await hub.instance(environment, `/${path}`)) as Record<string, unknown>,
    refetchInterval: 10_000,
  });
}
