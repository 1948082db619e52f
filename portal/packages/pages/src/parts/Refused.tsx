import { HubError } from "@idp/client";
import { Words } from "./Words";

/** Why what was asked for was not done, and what to do. */
export function Refused({ error }: { error: unknown }) {
  if (error === null || error === undefined) return null;
  const remedy = error instanceof HubError ? error.remedy : "";
  return (
    <div className="idp-note" data-tone="bad" role="alert">
      <span>
        <Words>{error instanceof Error ? error.message : String(error)}</Words>{" "}
        {remedy ? <Words>{remedy}</Words> : null}
      </span>
    </div>
  );
}
