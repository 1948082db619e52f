/** What is measured and configured of an application, and how much room an instance has. */
import { answered, type Schemas } from "@idp/client";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { hub } from "./hub";

export type Metrics = Schemas["MetricsView"];
export type Settings = Schemas["ApplicationSettings"];
export type Capacity = Schemas["CapacityView"];

const EVERY = 5_000;

export function useMetrics(environment: string, namespace: string, name: string, minutes: number) {
  return useQuery({
    queryKey: ["metrics", environment, namespace, name, minutes],
    queryFn: () =>
      answered(
        hub.api.GET("/applications/{namespace}/{name}/metrics", {
          params: { path: { namespace, name }, query: { environment, minutes } },
        }),
      ),
    placeholderData: keepPreviousData,
    refetchInterval: EVERY,
  });
}

export interface Load {
  /** Processors that the replicas used between two answers; null until there are two. */
  processors: number | null;
  memory: number;
}

/** Processors used: the time that they took between two answers, by replicas that are in both. */
export function loadBetween(before: Metrics | undefined, after: Metrics): Load {
  const memory = after.replicas.reduce((sum, replica) => sum + replica.memory, 0);
  if (before === undefined) return { processors: null, memory };
  const seconds = (Date.parse(after.at) - Date.parse(before.at)) / 1000;
  if (seconds <= 0) return { processors: null, memory };
  const earlier = new Map(before.replicas.map((replica) => [replica.pod, replica.cpuSeconds]));
  const used = after.replicas.reduce((sum, replica) => {
    const known = earlier.get(replica.pod);
    return known === undefined ? sum : sum + Math.max(0, replica.cpuSeconds - known);
  }, 0);
  return { processors: used / seconds, memory };
}

/** The load since the page was opened, oldest first. */
export function useLoad(metrics: Metrics): readonly Load[] {
  const former = useRef<Metrics>();
  const [loads, setLoads] = useState<readonly Load[]>([]);
  useEffect(() => {
    if (former.current?.at === metrics.at) return;
    const load = loadBetween(former.current, metrics);
    former.current = metrics;
    setLoads((known) => [...known, load].slice(-60));
  }, [metrics]);
  return loads;
}

export function useSettings(namespace: string, name: string) {
  return useQuery({
    queryKey: ["settings", namespace, name],
    queryFn: () =>
      answered(
        hub.api.GET("/applications/{namespace}/{name}/settings", {
          params: { path: { namespace, name } },
        }),
      ),
  });
}

export function useCapacity(environment: string) {
  return useQuery({
    queryKey: ["capacity", environment],
    queryFn: () =>
      answered(
        hub.api.GET("/platform/{environment}/capacity", { params: { path: { environment } } }),
      ),
    refetchInterval: EVERY,
  });
}
