/** Users, what they may do, and what proves who they are. */
import { answered, type Schemas } from "@idp/client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { hub } from "./hub";

export type User = Schemas["User"];
export type StoredSession = Schemas["SessionView"];
export type InstanceRoles = Schemas["InstanceRoles"];
export const ADMINISTRATORS = "idp:administrators";

export function useUsers() {
  return useQuery({ queryKey: ["users"], queryFn: () => answered(hub.api.GET("/users")) });
}

export function useRoles() {
  return useQuery({
    queryKey: ["roles"],
    queryFn: () => answered(hub.api.GET("/roles")),
    refetchInterval: false,
    staleTime: 60_000,
  });
}

/** Sessions and tokens of a user; one's own without a name. */
export function useSessions(user?: string) {
  return useQuery({
    queryKey: ["sessions", user ?? ""],
    queryFn: () =>
      answered(hub.api.GET("/sessions", { params: { query: user === undefined ? {} : { user } } })),
  });
}

export function useEndSession(user?: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      answered(
        hub.api.DELETE("/sessions/{id}", {
          params: { path: { id }, query: user === undefined ? {} : { user } },
        }),
      ),
    onSettled: () => client.invalidateQueries({ queryKey: ["sessions"] }),
  });
}

export function useMakeToken() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: Schemas["NewToken"]) => answered(hub.api.POST("/tokens", { body })),
    onSuccess: () => client.invalidateQueries({ queryKey: ["sessions"] }),
  });
}

export function useCreateUser() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ name, ...body }: Schemas["NewUser"] & { name: string }) =>
      answered(hub.api.PUT("/users/{name}", { params: { path: { name } }, body })),
    onSuccess: () => client.invalidateQueries({ queryKey: ["users"] }),
  });
}

export function useChangeUser() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ name, ...body }: Partial<Schemas["UserChange"]> & { name: string }) =>
      answered(hub.api.PATCH("/users/{name}", { params: { path: { name } }, body })),
    onSuccess: () =>
      Promise.all(
        ["users", "sessions"].map((key) => client.invalidateQueries({ queryKey: [key] })),
      ),
  });
}

/** A password that nobody chose: 24 letters and digits. */
export function generatePassword(): string {
  const letters = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
  const random = new Uint32Array(24);
  crypto.getRandomValues(random);
  return [...random].map((n) => letters[n % letters.length]).join("");
}
