/** What scanners found, what may be, and the rules. */
import { answered, type Schemas } from "@idp/client";
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { hub } from "./hub";

export type Finding = Schemas["StoredFinding"];
export type Exception = Schemas["ExceptionView"];
export type Profile = Schemas["ProfileView"];
export type Standing = Schemas["Standing"];

export const PAGE = 50;

export interface FindingFilter {
  environment: string;
  namespace: string;
  application: string;
  state: string;
  band: string;
  scanner: string;
  name: string;
  overdue: boolean;
  order: string;
  offset: number;
}

type Query = NonNullable<Schemas["FindingPage"]> extends never ? never : Record<string, unknown>;

/** Filters that are empty are left out: they match everything. */
function given(filter: FindingFilter): Query {
  return Object.fromEntries(
    Object.entries({ ...filter, limit: PAGE }).filter(
      ([, value]) => value !== "" && value !== false,
    ),
  );
}

export function useFindings(filter: FindingFilter) {
  return useQuery({
    queryKey: ["findings", filter],
    queryFn: () =>
      answered(
        hub.api.GET("/findings/page", {
          params: { query: given(filter) as { environment: string } },
        }),
      ),
    placeholderData: keepPreviousData,
  });
}

export function useStandings(environment: string, namespace: string, application: string) {
  return useQuery({
    queryKey: ["standings", environment, namespace, application],
    queryFn: () =>
      answered(
        hub.api.GET("/findings/report", {
          params: {
            query: {
              environment,
              ...(namespace ? { namespace } : {}),
              ...(application ? { application } : {}),
              scans: 60,
            },
          },
        }),
      ),
    placeholderData: keepPreviousData,
  });
}

export function useVex(environment: string, namespace: string, application: string) {
  return useMutation({
    mutationFn: () =>
      answered(
        hub.api.GET("/findings/vex", {
          params: { query: { environment, namespace, application } },
        }),
      ),
  });
}

export function useExceptions() {
  return useQuery({
    queryKey: ["exceptions"],
    queryFn: () => answered(hub.api.GET("/exceptions")),
  });
}

export function useProfiles() {
  return useQuery({ queryKey: ["profiles"], queryFn: () => answered(hub.api.GET("/profiles")) });
}

function useChanged() {
  const client = useQueryClient();
  return () =>
    Promise.all(
      ["exceptions", "findings", "standings"].map((key) =>
        client.invalidateQueries({ queryKey: [key] }),
      ),
    );
}

export function useRequestException() {
  const changed = useChanged();
  return useMutation({
    mutationFn: (body: Schemas["ExceptionRequest"]) =>
      answered(hub.api.POST("/exceptions", { body })),
    onSuccess: changed,
  });
}

type Place = Pick<Exception, "environment" | "namespace" | "name">;

export function useApproveException() {
  const changed = useChanged();
  return useMutation({
    mutationFn: ({ environment, namespace, name }: Place) =>
      answered(
        hub.api.POST("/exceptions/{environment}/{namespace}/{name}/approval", {
          params: { path: { environment, namespace, name } },
        }),
      ),
    onSuccess: changed,
  });
}

export function useRevokeException() {
  const changed = useChanged();
  return useMutation({
    mutationFn: ({ environment, namespace, name }: Place) =>
      answered(
        hub.api.DELETE("/exceptions/{environment}/{namespace}/{name}", {
          params: { path: { environment, namespace, name } },
        }),
      ),
    onSuccess: changed,
  });
}
