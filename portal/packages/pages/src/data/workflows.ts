/** Workflows: the pipelines of pushes and promotions, and whatever else runs. */
import { answered, type Schemas } from "@idp/client";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { hub } from "./hub";

export type WorkflowBrief = Schemas["WorkflowBrief"];
export type WorkflowDetail = Schemas["WorkflowDetail"];
export type WorkflowNode = Schemas["NodeView"];

export const PAGE = 50;

export function useWorkflows(environment: string, phase: string, search: string, offset: number) {
  return useQuery({
    queryKey: ["workflows", environment, phase, search, offset],
    queryFn: () =>
      answered(
        hub.api.GET("/workflows", {
          params: { query: { environment, phase, search, offset, limit: PAGE } },
        }),
      ),
    placeholderData: keepPreviousData,
    refetchInterval: 10_000,
  });
}

export function useWorkflow(environment: string, namespace: string, name: string) {
  return useQuery({
    queryKey: ["workflows", environment, namespace, name],
    queryFn: () =>
      answered(
        hub.api.GET("/workflows/{environment}/{namespace}/{name}", {
          params: { path: { environment, namespace, name } },
        }),
      ),
    refetchInterval: 5_000,
  });
}
