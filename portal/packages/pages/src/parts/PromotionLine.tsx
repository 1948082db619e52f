import { Link } from "react-router-dom";
import { to } from "../app/routes";
import type { Cell } from "../data/queries";

type Brief = NonNullable<Cell["underWay"]>;

/** A promotion under way in one line: a bar of its steps, and what it does. */
export function PromotionLine({
  brief,
  environment,
  namespace,
}: {
  brief: Brief;
  environment: string;
  namespace: string;
}) {
  const waits = brief.waitsForApproval;
  const word =
    brief.phase === "Failed"
      ? `${brief.step || brief.action} failed`
      : waits
        ? "Waits for approval"
        : brief.action === "rollback"
          ? "Rolling back"
          : `Promoting: ${brief.step || "starting"}`;
  const tone = brief.phase === "Failed" ? "bad" : waits ? "attention" : "busy";
  return (
    <Link
      className="idp-promotion-line"
      data-tone={tone}
      to={to.promotion(environment, namespace, brief.name)}
      title={brief.message}
    >
      <span className="idp-promotion-word">
        {word}
        {brief.release && brief.action === "promote" ? <code>{brief.release}</code> : null}
      </span>
      {brief.phase !== "Failed" && brief.steps > 0 ? (
        <progress
          max={brief.steps}
          value={brief.done}
          aria-label={`${brief.done} of ${brief.steps} steps are done`}
        />
      ) : null}
    </Link>
  );
}
