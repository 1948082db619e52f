import { RiShieldCheckLine, RiUserLine } from "@remixicon/react";
import { Link, useParams } from "react-router-dom";
import { to } from "../app/routes";
import { type PromotionDetail, usePromotion } from "../data/queries";
import { Decision } from "../parts/Decision";
import { Badge } from "../parts/Health";
import { Page, Section } from "../parts/Page";
import { Empty, Found } from "../parts/State";
import { StepGraph } from "../parts/StepGraph";
import { duration, Time } from "../parts/Time";
import { Remedy, Short, Words } from "../parts/Words";

export function PromotionPage() {
  const { environment = "", namespace = "", name = "" } = useParams();
  const query = usePromotion(environment, namespace, name);
  const promotion = query.data;
  const title = promotion
    ? promotion.action === "rollback"
      ? `Rollback of ${promotion.application} in ${environment}`
      : `${promotion.application} ${promotion.release} to ${environment}`
    : name;
  return (
    <Page
      title={title}
      crumbs={[
        { label: "Board", to: "/board" },
        ...(promotion
          ? [{ label: promotion.application, to: to.application(namespace, promotion.application) }]
          : []),
      ]}
      lead={promotion ? <Lead promotion={promotion} /> : undefined}
      actions={promotion ? <Decision promotion={promotion} /> : undefined}
    >
      <Found query={query}>{(found) => <Details promotion={found} />}</Found>
    </Page>
  );
}

function Lead({ promotion }: { promotion: PromotionDetail }) {
  return (
    <span className="idp-lead-row">
      <Badge state={promotion.waitsForApproval ? "Waiting" : promotion.phase} />
      <span>
        started <Time at={promotion.createdAt} /> by {promotion.initiator}
      </span>
      {promotion.finishedAt ? (
        <span>took {duration(promotion.createdAt, promotion.finishedAt)}</span>
      ) : null}
    </span>
  );
}

function Details({ promotion }: { promotion: PromotionDetail }) {
  return (
    <>
      {promotion.phase === "Failed" || promotion.phase === "Superseded" ? (
        <div className="idp-note" data-tone={promotion.phase === "Failed" ? "bad" : "quiet"}>
          <div>
            <Words>{promotion.message}</Words>
            <Remedy>{promotion.remedy}</Remedy>
          </div>
        </div>
      ) : null}
      {promotion.reason ? (
        <p>
          <strong>Reason:</strong> {promotion.reason}
        </p>
      ) : null}
      <div className="idp-columns idp-columns-wide">
        <Section
          title="Steps"
          aside={
            promotion.workflow ? (
              <Link
                className="idp-more"
                to={to.workflow(promotion.environment, promotion.namespace, promotion.workflow)}
              >
                As a graph
              </Link>
            ) : undefined
          }
        >
          <div className="idp-card">
            {promotion.steps.length > 0 ? (
              <StepGraph promotion={promotion} />
            ) : (
              <Empty title="It is about to start">Its steps appear here.</Empty>
            )}
          </div>
        </Section>
        <div className="idp-stack">
          <Approvals promotion={promotion} />
          <Evidence promotion={promotion} />
          <Facts promotion={promotion} />
        </div>
      </div>
    </>
  );
}

function Approvals({ promotion }: { promotion: PromotionDetail }) {
  if (promotion.action === "rollback") return null;
  const required = promotion.approvalsRequired;
  return (
    <Section
      title="Approvals"
      aside={
        <span className="idp-quiet">
          {required > 0 ? `${required} needed` : "none needed by rule"}
        </span>
      }
    >
      <div className="idp-card idp-list">
        {promotion.decisions.length === 0 ? (
          <p className="idp-calm">
            <RiUserLine size={20} aria-hidden /> Nobody has decided
            {promotion.waitsForApproval ? " yet" : ""}.
          </p>
        ) : (
          promotion.decisions.map((decision) => (
            <div key={`${decision.approver}${decision.time}`} className="idp-item">
              <div className="idp-item-head">
                <strong>{decision.approver}</strong>
                <Badge
                  state={decision.decision === "reject" ? "Failed" : "Succeeded"}
                  label={decision.decision === "reject" ? "Rejected" : "Approved"}
                />
              </div>
              <small className="idp-quiet">
                <Time at={decision.time} />
                {decision.accepts.length > 0 ? `, accepts ${decision.accepts.join(", ")}` : ""}
              </small>
              {decision.comment ? <p>{decision.comment}</p> : null}
              {decision.ignored ? (
                <p className="idp-problem">Does not count: {decision.ignored}</p>
              ) : null}
            </div>
          ))
        )}
      </div>
    </Section>
  );
}

const EFFECT: Record<string, { state: string; label: string }> = {
  deny: { state: "Failed", label: "Denies" },
  approve: { state: "Waiting", label: "Must be accepted" },
  track: { state: "Unknown", label: "Obligation" },
  record: { state: "Pending", label: "Noted" },
};

function Evidence({ promotion }: { promotion: PromotionDetail }) {
  const { evidence, scanners, rules } = promotion;
  if (evidence.length + scanners.length + rules.length === 0) return null;
  return (
    <Section title="Evidence">
      <div className="idp-card idp-list">
        {rules.map((rule) => (
          <div key={rule.subject + rule.message} className="idp-item">
            <div className="idp-item-head">
              <strong>{rule.subject}</strong>
              <Badge
                state={EFFECT[rule.effect]?.state ?? "Pending"}
                label={EFFECT[rule.effect]?.label ?? rule.effect}
              />
            </div>
            <p>
              <Words>{rule.message}</Words>
            </p>
            {rule.effect === "deny" || rule.effect === "approve" ? (
              <Remedy>{rule.change}</Remedy>
            ) : null}
          </div>
        ))}
        {scanners.map((scanner) => (
          <div key={scanner.name} className="idp-item idp-item-row">
            <span>
              {scanner.name} <small className="idp-quiet">{scanner.version}</small>
            </span>
            <Badge
              state={
                scanner.status === "clean"
                  ? "Succeeded"
                  : scanner.status === "findings"
                    ? "Failed"
                    : "Unknown"
              }
              label={
                scanner.status === "findings" ? `${scanner.findings} findings` : scanner.status
              }
            />
          </div>
        ))}
        {evidence.map((item) => (
          <div key={item.kind + item.digest + item.signer} className="idp-item idp-item-row">
            <span>
              <RiShieldCheckLine size={16} aria-hidden className="idp-good" /> {item.kind}
            </span>
            <small className="idp-quiet">
              signed by {item.signer} <Short id={item.digest} length={8} />
            </small>
          </div>
        ))}
      </div>
    </Section>
  );
}

function Facts({ promotion }: { promotion: PromotionDetail }) {
  const facts: Array<[string, string]> = [
    ["Release", promotion.releaseDigest],
    ["Source commit", promotion.sourceCommit],
    ["Environment commit", promotion.commit],
    ["Policy", promotion.policyVersion],
  ];
  return (
    <Section title="Bound to">
      <div className="idp-card">
        <dl className="idp-facts">
          {promotion.author ? (
            <div>
              <dt>Author</dt>
              <dd>{promotion.author}</dd>
            </div>
          ) : null}
          {facts
            .filter(([, value]) => value)
            .map(([label, value]) => (
              <div key={label}>
                <dt>{label}</dt>
                <dd>
                  <Short id={value} />
                </dd>
              </div>
            ))}
          {promotion.release ? (
            <div>
              <dt>Contents</dt>
              <dd>
                <Link
                  to={to.release(promotion.namespace, promotion.application, promotion.release)}
                >
                  {promotion.release}
                </Link>
              </dd>
            </div>
          ) : null}
          <div>
            <dt>Object</dt>
            <dd>
              <Link
                to={`/explore/${promotion.environment}/apis/platform.idp/v1alpha1/promotions/${promotion.namespace}/${promotion.name}`}
              >
                YAML
              </Link>
            </dd>
          </div>
        </dl>
      </div>
    </Section>
  );
}
