/** Any kind of an instance's own API, through the hub, with the rights of who is signed in. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { MANAGER, type Mapping } from "./apply";
import { hub } from "./hub";
import { type Schema, Schemas } from "./schema";

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

/** The schemas of a group and version, as the instance publishes them. */
export function useSchemas(environment: string, base: string) {
  return useQuery({
    queryKey: ["schemas", environment, base],
    queryFn: async () => {
      const text = await hub.instance(environment, `/openapi/v3/${base}`);
      const document = JSON.parse(text) as { components?: { schemas?: Record<string, Schema> } };
      return new Schemas(document.components?.schemas ?? {});
    },
    staleTime: 300_000,
    refetchInterval: false,
    structuralSharing: false,
  });
}

/** Whether who is signed in may do something with an object; false until it is known. */
export function useMay(environment: string, verb: string, place: Place): boolean {
  const { group, plural, namespace, name } = place;
  const { data } = useQuery({
    queryKey: ["may", environment, verb, group, plural, namespace, name],
    queryFn: async () => {
      const attributes = { verb, group, resource: plural, namespace, name };
      const answer = await hub.instance(
        environment,
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        {
          method: "POST",
          type: "application/json",
          body: JSON.stringify({
            apiVersion: "authorization.k8s.io/v1",
            kind: "SelfSubjectAccessReview",
            spec: { resourceAttributes: attributes },
          }),
        },
      );
      return (JSON.parse(answer) as { status?: { allowed?: boolean } }).status?.allowed === true;
    },
    staleTime: 60_000,
    refetchInterval: false,
  });
  return data === true;
}

export interface Place {
  group: string;
  plural: string;
  namespace?: string | undefined;
  name?: string | undefined;
}

/** What a save would make of an object, or makes when `dry` is false. */
export async function apply(
  environment: string,
  path: string,
  patch: Mapping,
  options: { dry: boolean; force: boolean },
): Promise<Mapping> {
  const query = new URLSearchParams({ fieldManager: MANAGER, fieldValidation: "Strict" });
  if (options.dry) query.set("dryRun", "All");
  if (options.force) query.set("force", "true");
  const answer = await hub.instance(environment, `/${path}?${query}`, {
    method: "PATCH",
    type: "application/apply-patch+yaml",
    body: JSON.stringify(patch),
  });
  return JSON.parse(answer) as Mapping;
}

export function useDelete(environment: string, path: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => hub.instance(environment, `/${path}`, { method: "DELETE" }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["table", environment] }),
  });
}
