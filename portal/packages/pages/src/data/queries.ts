/** What pages ask the hub for. Hints (`live.ts`) make them ask again; the interval is for silence. */
import { answered, HubError, type Schemas } from "@idp/client";
import {
  keepPreviousData,
  QueryClient,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { hub, type Session } from "./hub";

export type Board = Schemas["Board"];
export type BoardRow = Schemas["BoardRow"];
export type Cell = Schemas["Cell"];
export type Application = Schemas["ApplicationView"];
export type PromotionDetail = Schemas["PromotionView"];
export type Instance = Schemas["InstanceView"];
export type Rights = Schemas["Rights"];
export type TreeNode = Schemas["TreeNode"];

const ASK_AGAIN = 20_000;

export function newQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 2_000,
        refetchInterval: ASK_AGAIN,
        retry: (count, error) => count < 2 && error instanceof HubError && error.retryable,
        retryDelay: (count) => 400 * 2 ** count,
      },
    },
  });
}

export function useSessionQuery() {
  return useQuery({
    queryKey: ["session"],
    queryFn: async (): Promise<Session | null> => {
      const session = await answered(hub.api.GET("/session"));
      if (session !== null) hub.remember(session.csrf);
      return session;
    },
    refetchInterval: 60_000,
  });
}

export function useSignIn() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { name: string; password: string }) =>
      answered(hub.api.POST("/session", { body })),
    onSuccess: (session) => {
      hub.remember(session.csrf);
      client.setQueryData(["session"], session);
    },
  });
}

export function useSignInMethods() {
  return useQuery({
    queryKey: ["methods"],
    queryFn: () => answered(hub.api.GET("/session/methods")),
    refetchInterval: false,
    staleTime: 60_000,
  });
}

export function useSignOut() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => answered(hub.api.DELETE("/session")),
    onSettled: () => {
      client.clear();
      client.setQueryData(["session"], null);
    },
  });
}

export function useBoard(search = "", attention = false, offset = 0) {
  return useQuery({
    queryKey: ["board", search, attention, offset],
    queryFn: () =>
      answered(
        hub.api.GET("/board", { params: { query: { search, attention, offset, limit: 200 } } }),
      ),
    placeholderData: keepPreviousData,
  });
}

export function useApplication(namespace: string, name: string) {
  return useQuery({
    queryKey: ["application", namespace, name],
    queryFn: () =>
      answered(
        hub.api.GET("/applications/{namespace}/{name}", { params: { path: { namespace, name } } }),
      ),
  });
}

export function usePromotion(environment: string, namespace: string, name: string) {
  return useQuery({
    queryKey: ["promotion", environment, namespace, name],
    queryFn: () =>
      answered(
        hub.api.GET("/promotions/{environment}/{namespace}/{name}", {
          params: { path: { environment, namespace, name } },
        }),
      ),
    refetchInterval: 10_000,
  });
}

export function useInbox() {
  return useQuery({
    queryKey: ["approvals"],
    queryFn: () => answered(hub.api.GET("/approvals")),
  });
}

export function usePlatform() {
  return useQuery({
    queryKey: ["platform"],
    queryFn: () => answered(hub.api.GET("/platform")),
  });
}

/** What the user may do, by environment; nothing until it is known. */
export function useRights(namespace?: string): ReadonlyMap<string, Rights> {
  const { data } = useQuery({
    queryKey: ["rights", namespace ?? ""],
    queryFn: () =>
      answered(
        hub.api.GET("/rights", {
          params: { query: namespace === undefined ? {} : { namespace } },
        }),
      ),
    staleTime: 60_000,
    refetchInterval: false,
  });
  return new Map((data ?? []).map((right) => [right.environment, right]));
}

export function useAudit(environment: string, text: string, actor: string, people: boolean) {
  return useInfiniteQuery({
    queryKey: ["audit", environment, text, actor, people],
    queryFn: ({ pageParam }) =>
      answered(
        hub.api.GET("/audit/{environment}", {
          params: {
            path: { environment },
            query: { text, actor, people, limit: 50, before: pageParam },
          },
        }),
      ),
    initialPageParam: null as number | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });
}

export function useChain(environment: string, asked: boolean) {
  return useQuery({
    queryKey: ["chain", environment],
    queryFn: () =>
      answered(hub.api.GET("/audit/{environment}/chain", { params: { path: { environment } } })),
    enabled: asked,
    refetchInterval: false,
    staleTime: 0,
  });
}

/** Ask again for everything that a promotion changes. */
function useChanged() {
  const client = useQueryClient();
  return () =>
    Promise.all(
      ["board", "application", "promotion", "approvals", "reviews"].map((key) =>
        client.invalidateQueries({ queryKey: [key] }),
      ),
    );
}

export function usePromote() {
  const changed = useChanged();
  return useMutation({
    mutationFn: (body: Schemas["PromoteRequest"]) =>
      answered(hub.api.POST("/promotions", { body })),
    onSuccess: changed,
  });
}

export function useRollBack() {
  const changed = useChanged();
  return useMutation({
    mutationFn: (body: Schemas["RollbackRequest"]) =>
      answered(hub.api.POST("/rollbacks", { body })),
    onSuccess: changed,
  });
}

export function useDecide() {
  const changed = useChanged();
  return useMutation({
    mutationFn: (body: Schemas["DecisionRequest"]) =>
      answered(hub.api.POST("/approvals", { body })),
    onSuccess: changed,
  });
}
