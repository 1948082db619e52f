import { describe, expect, it } from "vitest";
import { loadBetween, type Metrics } from "./insight";

function metrics(at: string, cpu: Record<string, number>): Metrics {
  const replicas = Object.entries(cpu).map(([pod, cpuSeconds]) => ({
    pod,
    cpuSeconds,
    memory: 100,
    processes: 1,
    startedAt: null,
  }));
  return { at: `2026-01-01T00:00:${at}Z`, replicas } as unknown as Metrics;
}

describe("the load between two answers", () => {
  it("is the processors' time of the replicas that are in both", () => {
    const before = metrics("00", { a: 10, gone: 5 });
    expect(loadBetween(before, metrics("10", { a: 15, fresh: 3 }))).toEqual({
      processors: 0.5,
      memory: 200,
    });
  });

  it("is not known from one answer, and never negative after a restart", () => {
    expect(loadBetween(undefined, metrics("00", { a: 1 })).processors).toBeNull();
    expect(loadBetween(metrics("05", { a: 9 }), metrics("05", { a: 9 })).processors).toBeNull();
    expect(loadBetween(metrics("00", { a: 9 }), metrics("05", { a: 1 })).processors).toBe(0);
  });
});
