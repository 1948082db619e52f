import { RiArrowRightLine } from "@remixicon/react";
import { Link } from "react-router-dom";
import { to } from "../app/routes";
import { type Instance, usePlatform } from "../data/queries";
import { Badge, Dot } from "../parts/Health";
import { Page } from "../parts/Page";
import { Found } from "../parts/State";
import { Remedy, Words } from "../parts/Words";

export function PlatformPage() {
  const query = usePlatform();
  return (
    <Page title="Platform" lead="The instances, in the order in which a release passes them.">
      <Found query={query}>
        {(instances) => (
          <div className="idp-grid">
            {instances.map((instance) => (
              <InstanceCard key={instance.state.environment} instance={instance} />
            ))}
          </div>
        )}
      </Found>
    </Page>
  );
}

function InstanceCard({ instance }: { instance: Instance }) {
  const { state, gate } = instance;
  const down = state.error !== "";
  return (
    <article className="idp-card idp-instance" aria-label={state.environment}>
      <div className="idp-item-head">
        <h2>
          <Link to={to.instance(state.environment)}>{state.environment}</Link>
        </h2>
        <Badge {...conditionOf(instance)} />
      </div>
      {instance.message ? (
        <p>
          <Words>{instance.message}</Words>
        </p>
      ) : null}
      <Remedy>{down ? state.remedy : instance.remedy}</Remedy>
      {down ? null : (
        <>
          <dl className="idp-facts">
            <div>
              <dt>Applications</dt>
              <dd>
                <Link to="/board">{instance.applications}</Link>
              </dd>
            </div>
            <div>
              <dt>Version</dt>
              <dd>{instance.version}</dd>
            </div>
            <div>
              <dt>Gateway</dt>
              <dd>{instance.gateway.replace(/^https?:\/\//, "")}</dd>
            </div>
          </dl>
          {gate ? <Gate gate={gate} /> : null}
          <ul className="idp-components">
            {instance.components.map((part) => (
              <li key={part.name} title={part.message}>
                <Dot state={part.healthy ? "Healthy" : "Degraded"} />
                {part.name}
                {part.message && !part.healthy ? <small>{part.message}</small> : null}
              </li>
            ))}
          </ul>
          <Link className="idp-more" to={`/explore/${state.environment}`}>
            Explore its objects <RiArrowRightLine size={14} aria-hidden />
          </Link>
        </>
      )}
    </article>
  );
}

/** How an instance is, in a word. */
export function conditionOf(instance: Instance): { state: string; label: string } {
  if (instance.state.error) {
    return instance.state.forbidden
      ? { state: "Missing", label: "Not yours to see" }
      : { state: "Unknown", label: "Does not answer" };
  }
  return instance.ready
    ? { state: "Healthy", label: "Ready" }
    : { state: "Degraded", label: "Not ready" };
}

/** The rules before an instance, in a sentence. */
export function Gate({ gate }: { gate: NonNullable<Instance["gate"]> }) {
  return (
    <p className="idp-quiet">
      {gate.previous ? `Takes what ${gate.previous} verified` : "Takes what a push built"},{" "}
      {gate.automatic ? "by itself" : "when somebody promotes"},{" "}
      {gate.approvals > 0
        ? `after ${gate.approvals} approval${gate.approvals > 1 ? "s" : ""}`
        : "without approval"}
      .{gate.blocks.length > 0 ? ` Blocked by ${gate.blocks.join(", ")} findings.` : null}
      {gate.needsApproval.length > 0
        ? ` An approver must accept ${gate.needsApproval.join(", ")} ones.`
        : null}
    </p>
  );
}
