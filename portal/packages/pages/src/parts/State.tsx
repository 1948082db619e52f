/** The states of a page that has nothing to show: loading, empty, refused, broken, stale. */
import { Button, Skeleton } from "@backstage/ui";
import { HubError } from "@idp/client";
import {
  RiErrorWarningLine,
  RiLock2Line,
  RiPlugLine,
  RiRefreshLine,
  RiSeedlingLine,
} from "@remixicon/react";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Words } from "./Words";

export function Loading({ rows = 4 }: { rows?: number }) {
  return (
    <div className="idp-stack" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, n) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: placeholders have no identity
        <Skeleton key={n} width="100%" height={n === 0 ? 28 : 56} />
      ))}
    </div>
  );
}

export function Empty({
  title,
  children,
  icon,
}: {
  title: string;
  children?: ReactNode;
  icon?: ReactNode;
}) {
  return (
    <div className="idp-empty">
      <span className="idp-empty-icon" aria-hidden>
        {icon ?? <RiSeedlingLine size={28} />}
      </span>
      <h2>{title}</h2>
      <div className="idp-empty-text">{children}</div>
    </div>
  );
}

export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const known = error instanceof HubError ? error : null;
  const code = known?.code ?? -1;
  const [title, icon] =
    code === 403
      ? ["You have no right to see this", <RiLock2Line key="i" size={28} />]
      : code === 404
        ? ["There is no such thing", <RiErrorWarningLine key="i" size={28} />]
        : code === 0 || code >= 502
          ? ["It does not answer", <RiPlugLine key="i" size={28} />]
          : ["That did not work", <RiErrorWarningLine key="i" size={28} />];
  return (
    <div className="idp-empty" role="alert" data-tone="bad">
      <span className="idp-empty-icon" aria-hidden>
        {icon}
      </span>
      <h2>{title}</h2>
      <div className="idp-empty-text">
        <p>
          <Words>{error instanceof Error ? error.message : String(error)}</Words>
        </p>
        {known?.remedy ? (
          <p>
            <strong>Next:</strong> <Words>{known.remedy}</Words>
          </p>
        ) : null}
      </div>
      {retry ? (
        <Button variant="secondary" iconStart={<RiRefreshLine />} onPress={retry}>
          Try again
        </Button>
      ) : null}
    </div>
  );
}

/** Shows what a query found, or why there is nothing; old data stay, marked as old. */
export function Found<T>({
  query,
  children,
  rows = 4,
}: {
  query: Pick<UseQueryResult<T>, "data" | "error" | "refetch">;
  children: (data: T) => ReactNode;
  rows?: number;
}) {
  if (query.data === undefined) {
    return query.error ? (
      <Failure error={query.error} retry={() => void query.refetch()} />
    ) : (
      <Loading rows={rows} />
    );
  }
  return (
    <>
      {query.error ? <Stale error={query.error} retry={() => void query.refetch()} /> : null}
      {children(query.data)}
    </>
  );
}

function Stale({ error, retry }: { error: Error; retry: () => void }) {
  return (
    <div className="idp-note" data-tone="attention" role="status">
      <span>
        This may be old: <Words>{error.message}</Words>
      </span>
      <Button size="small" variant="tertiary" onPress={retry}>
        Try again
      </Button>
    </div>
  );
}

/** Instances that did not answer, and what that means for the page. */
export function Silent({
  instances,
}: {
  instances: ReadonlyArray<{
    environment: string;
    error: string;
    remedy: string;
    forbidden: boolean;
  }>;
}) {
  const silent = instances.filter((instance) => instance.error);
  return (
    <>
      {silent.map((instance) => (
        <div
          key={instance.environment}
          className="idp-note"
          data-tone={instance.forbidden ? "quiet" : "attention"}
          role="status"
        >
          <span>
            <strong>{instance.environment}</strong>{" "}
            {instance.forbidden ? "is not yours to see" : "does not answer"}:{" "}
            <Words>{instance.error}</Words>{" "}
            {instance.remedy ? <Words>{instance.remedy}</Words> : null}
          </span>
        </div>
      ))}
    </>
  );
}
