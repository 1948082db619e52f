/** What holds promotions, what went past that, and who looks at it. */
import { answered, type Schemas } from "@idp/client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { hub } from "./hub";

export type GateStanding = Schemas["GateStanding"];
export type Review = Schemas["ReviewView"];
export type Freeze = Schemas["FreezeView"];

export function useReviews(closed = false) {
  return useQuery({
    queryKey: ["reviews", closed],
    queryFn: () => answered(hub.api.GET("/reviews", { params: { query: { closed } } })),
  });
}

export function useFreezes() {
  return useQuery({ queryKey: ["freezes"], queryFn: () => answered(hub.api.GET("/freezes")) });
}

/** Ask again; what waits at a gate is told by the instance when it has noticed. */
function useChanged(...keys: string[]) {
  const client = useQueryClient();
  return () => Promise.all(keys.map((key) => client.invalidateQueries({ queryKey: [key] })));
}

export function useCloseReview() {
  const changed = useChanged("reviews", "promotion");
  return useMutation({
    mutationFn: ({ review, conclusion }: { review: Review; conclusion: string }) => {
      const { environment, namespace, name } = review;
      return answered(
        hub.api.POST("/reviews/{environment}/{namespace}/{name}/closing", {
          params: { path: { environment, namespace, name } },
          body: { conclusion },
        }),
      );
    },
    onSuccess: changed,
  });
}

export function useStartFreeze() {
  const changed = useChanged("freezes");
  return useMutation({
    mutationFn: (body: Schemas["FreezeRequest"]) => answered(hub.api.POST("/freezes", { body })),
    onSuccess: changed,
  });
}

export function useEndFreeze() {
  const changed = useChanged("freezes", "promotion");
  return useMutation({
    mutationFn: ({ environment, name }: Freeze) =>
      answered(
        hub.api.DELETE("/freezes/{environment}/{name}", {
          params: { path: { environment, name } },
        }),
      ),
    onSuccess: changed,
  });
}
