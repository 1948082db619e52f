/** What each environment's repository wants, and whether the instance has it. */
import { answered, type Schemas } from "@idp/client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { hub } from "./hub";

export type EnvironmentSync = Schemas["EnvironmentSync"];
export type SyncedApplication = Schemas["SyncedApplication"];
export type SyncDetail = Schemas["SyncDetail"];
export type SyncedObject = Schemas["SyncedObject"];

export function useGitOps() {
  return useQuery({ queryKey: ["gitops"], queryFn: () => answered(hub.api.GET("/gitops")) });
}

export function useSynced(environment: string, namespace: string, name: string) {
  return useQuery({
    queryKey: ["gitops", environment, namespace, name],
    queryFn: () =>
      answered(
        hub.api.GET("/gitops/{environment}/{namespace}/{name}", {
          params: { path: { environment, namespace, name } },
        }),
      ),
    refetchInterval: 5_000,
  });
}

export function useSync(environment: string, namespace: string, name: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (prune: boolean) =>
      answered(
        hub.api.POST("/gitops/{environment}/{namespace}/{name}/sync", {
          params: { path: { environment, namespace, name }, query: { prune } },
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: ["gitops"] }),
  });
}
