/** Hints from the hub that something changed: what shows it is asked for again. */
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

export interface Hint {
  type: "changed" | "resync";
  kind?: string;
  namespace?: string;
  name?: string;
}

const SHOWN_BY: Record<string, readonly string[]> = {
  WebApplication: ["board", "application", "platform", "release", "gitops", "settings"],
  Promotion: ["board", "application", "promotion", "approvals", "release"],
  PipelineStep: ["promotion", "approvals", "workflows"],
  Approval: ["promotion", "approvals"],
  Release: ["board", "application", "release"],
  IDPInstance: ["platform"],
  Application: ["gitops", "board", "application"],
};
/** What a gap in the hints may have hidden. */
const EVERYTHING = [...new Set(Object.values(SHOWN_BY).flat())];
/** A rollout makes dozens of hints a second; pages ask at most this often. */
const GATHER = 100;

/** Which queries a hint concerns. */
export function concerned(hint: Hint): readonly string[] {
  if (hint.type === "resync") return EVERYTHING;
  return SHOWN_BY[hint.kind ?? ""] ?? [];
}

class Gathered {
  private keys = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly client: QueryClient) {}

  add(keys: readonly string[]): void {
    for (const key of keys) this.keys.add(key);
    this.timer ??= setTimeout(() => this.ask(), GATHER);
  }

  ask(): void {
    this.timer = undefined;
    for (const key of this.keys) void this.client.invalidateQueries({ queryKey: [key] });
    this.keys.clear();
  }

  stop(): void {
    clearTimeout(this.timer);
  }
}

/**
 * Follow the hub's hints while the page is visible. A browser has six connections to a host, so
 * that a hidden tab must not hold one; when it is shown again it asks for everything.
 *
 * @returns whether the stream is open
 */
export function useLive(): boolean {
  const client = useQueryClient();
  const [open, setOpen] = useState(true);
  useEffect(() => {
    let source: EventSource | undefined;
    const gathered = new Gathered(client);
    const start = () => {
      source = new EventSource("/api/v1/events");
      source.addEventListener("hello", () => {
        setOpen(true);
        gathered.add(concerned({ type: "resync" }));
      });
      source.addEventListener("hint", (event) => gathered.add(concerned(JSON.parse(event.data))));
      source.onerror = () => {
        setOpen(false);
        void client.invalidateQueries({ queryKey: ["session"] });
      };
    };
    const follow = () => {
      if (document.hidden) {
        source?.close();
        source = undefined;
      } else if (source === undefined) {
        start();
      }
    };
    follow();
    document.addEventListener("visibilitychange", follow);
    return () => {
      document.removeEventListener("visibilitychange", follow);
      source?.close();
      gathered.stop();
    };
  }, [client]);
  return open;
}

export interface LogLine {
  key: number;
  pod: string;
  text: string;
}

const KEPT = 5_000;

/** The log of an application as it is written. */
export function useLog(namespace: string, name: string, environment: string, follow: boolean) {
  const [lines, setLines] = useState<readonly LogLine[]>([]);
  const [state, setState] = useState<"open" | "ended" | "broken">("open");
  useEffect(() => {
    setLines([]);
    setState("open");
    const query = new URLSearchParams({ environment, follow: String(follow), tail: "300" });
    const path = `/applications/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}/logs`;
    const source = new EventSource(`/api/v1${path}?${query}`);
    let count = 0;
    let fresh: LogLine[] = [];
    const timer = setInterval(() => {
      if (fresh.length === 0) return;
      const added = fresh;
      fresh = [];
      setLines((known) => [...known, ...added].slice(-KEPT));
    }, 100);
    source.addEventListener("line", (event) => {
      const line = JSON.parse(event.data) as { pod: string; text: string };
      fresh.push({ ...line, key: count++ });
    });
    source.addEventListener("end", () => {
      setState("ended");
      source.close();
    });
    source.onerror = () => {
      setState("broken");
      source.close();
    };
    return () => {
      clearInterval(timer);
      source.close();
    };
  }, [namespace, name, environment, follow]);
  return { lines, state };
}
