/** New applications: what can be made, what it would be, and how far it is. */
import { answered, HubError, type Schemas } from "@idp/client";
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { hub } from "./hub";

export type Template = Omit<Schemas["TemplateView"], "valuesSchema"> & { valuesSchema: Form };
export type Wanted = Schemas["Wanted"];

/** The part of JSON schema that templates use. */
export interface Form {
  required?: readonly string[];
  properties: Record<string, Field>;
}

export interface Field {
  type: "string";
  title?: string;
  description?: string;
  default?: string;
  enum?: readonly string[];
  maxLength?: number;
}

/** What the hub says is wrong, by field. */
export function causesOf(error: unknown): ReadonlyMap<string, string> {
  return new Map(
    error instanceof HubError ? error.causes.map((cause) => [cause.field, cause.message]) : [],
  );
}

/** The values with which a form begins. */
export function defaultsOf(form: Form): Record<string, string> {
  return Object.fromEntries(
    Object.entries(form.properties).map(([name, field]) => [name, field.default ?? ""]),
  );
}

export function useTemplates() {
  return useQuery({
    queryKey: ["templates"],
    queryFn: async () => (await answered(hub.api.GET("/templates"))) as unknown as Template[],
    staleTime: Number.POSITIVE_INFINITY,
    refetchInterval: false,
  });
}

export function usePreview(wanted: Wanted) {
  return useQuery({
    queryKey: ["preview", wanted],
    queryFn: () => answered(hub.api.POST("/creations/preview", { body: wanted })),
    // Before there is a name there is nothing to ask.
    enabled: wanted.values.name !== "",
    placeholderData: keepPreviousData,
    refetchInterval: false,
    staleTime: 60_000,
  });
}

export function useCreate() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: Wanted) => answered(hub.api.POST("/creations", { body })),
    onSuccess: () => client.invalidateQueries({ queryKey: ["board"] }),
  });
}

export function useCreation(namespace: string, name: string, commit: string) {
  return useQuery({
    queryKey: ["creation", namespace, name, commit],
    queryFn: () =>
      answered(
        hub.api.GET("/creations/{namespace}/{name}/{commit}", {
          params: { path: { namespace, name, commit } },
        }),
      ),
    refetchInterval: (query) => (query.state.data?.state === "Running" ? 1_000 : false),
  });
}
