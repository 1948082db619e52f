import { RiLock2Line } from "@remixicon/react";
import type { GateStanding } from "../data/gates";
import { Badge } from "./Health";
import { Section } from "./Page";
import { Time, When } from "./Time";
import { Remedy, Words } from "./Words";

const STATE: Record<GateStanding["state"], { state: string; label: string }> = {
  Pending: { state: "Pending", label: "Not asked yet" },
  Open: { state: "Succeeded", label: "Open" },
  Waiting: { state: "Waiting", label: "Shut" },
  Refused: { state: "Failed", label: "Refuses" },
  Overridden: { state: "Unknown", label: "Overridden" },
  Skipped: { state: "Superseded", label: "Skipped" },
};

/** The gates before the environment: how each stands, for how long, and on what evidence. */
export function Gates({ gates }: { gates: readonly GateStanding[] }) {
  if (gates.length === 0) return null;
  const shut = gates.filter((gate) => gate.state === "Waiting").length;
  return (
    <Section
      title="Gates"
      aside={shut > 0 ? <span className="idp-quiet">{shut} shut</span> : undefined}
    >
      <div className="idp-card idp-list">
        {gates.map((gate) => (
          <Gate key={gate.name} gate={gate} />
        ))}
      </div>
    </Section>
  );
}

function Gate({ gate }: { gate: GateStanding }) {
  return (
    <div className="idp-item">
      <div className="idp-item-head">
        <span>
          <RiLock2Line size={16} aria-hidden className="idp-quiet" /> <strong>{gate.name}</strong>{" "}
          {gate.kind === gate.name ? null : <small className="idp-quiet">{gate.kind}</small>}
        </span>
        <Badge {...STATE[gate.state]} />
      </div>
      <p>
        <Words>{gate.message}</Words>
      </p>
      {gate.state === "Waiting" ? (
        <small className="idp-quiet">
          {gate.until ? (
            <>
              may open <Time at={gate.until} />, <When at={gate.until} />
            </>
          ) : (
            "nobody knows when it opens"
          )}
          {gate.deadline ? (
            <>
              ; if it is still shut <Time at={gate.deadline} />, the promotion fails
            </>
          ) : null}
        </small>
      ) : null}
      {gate.state === "Waiting" || gate.state === "Refused" ? <Remedy>{gate.change}</Remedy> : null}
      {gate.evidence.length > 0 ? (
        <details className="idp-evidence">
          <summary>{gate.state === "Pending" ? "Rule" : "Evidence"}</summary>
          <dl className="idp-facts">
            {gate.evidence.map((fact) => (
              <div key={fact.name}>
                <dt>{fact.name}</dt>
                <dd>{fact.value}</dd>
              </div>
            ))}
          </dl>
        </details>
      ) : null}
    </div>
  );
}
