/** A release, and what is proved of it. */
import { answered, type Schemas } from "@idp/client";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { hub } from "./hub";

export type Release = Schemas["ReleaseDetail"];
export type Proof = Schemas["ProofView"];
export type Difference = Schemas["DifferenceView"];

/** Proofs are checked with the keys that `environment` has pinned. */
export function useRelease(
  namespace: string,
  application: string,
  version: string,
  environment: string,
) {
  return useQuery({
    queryKey: ["release", namespace, application, version, environment],
    queryFn: () =>
      answered(
        hub.api.GET("/releases/{namespace}/{application}/{version}", {
          params: { path: { namespace, application, version }, query: { environment } },
        }),
      ),
    placeholderData: keepPreviousData,
  });
}
