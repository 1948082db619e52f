import type { PromotionDetail } from "../data/queries";
import { Dot } from "./Health";
import { duration } from "./Time";
import { Remedy, Words } from "./Words";

type Step = PromotionDetail["steps"][number];

const MEANING: Record<string, string> = {
  admit: "Signatures and evidence",
  scan: "Scan again",
  verdict: "Rules",
  approval: "People",
  commit: "One commit",
  revert: "Revert the commit",
  sync: "GitOps applies it",
  confirm: "The running digest",
  verify: "Ask the application",
  attest: "Sign that it holds",
};

/** What stands behind a step that is a gate: what was checked, what fired, who decided. */
function Gate({ promotion, step }: { promotion: PromotionDetail; step: string }) {
  const { evidence, scanners, rules, decisions, mustAccept } = promotion;
  const told: Record<string, string[]> = {
    admit: evidence.map((item) => `${item.kind} of ${item.signer}`),
    scan: scanners.map((scanner) => `${scanner.name}: ${scanner.status}`),
    verdict: rules.map((rule) => `${rule.subject}: ${EFFECT[rule.effect] ?? rule.effect}`),
    approval: [
      ...mustAccept.map((gap) => `somebody must accept ${gap}`),
      ...decisions
        .filter((one) => !one.ignored)
        .map((one) => `${one.approver} ${one.decision === "reject" ? "rejects" : "approves"}`),
    ],
  };
  const shown = told[step] ?? [];
  if (shown.length === 0) return null;
  return (
    <ul className="idp-chips" aria-label={`What ${step} stands on`}>
      {shown.map((text) => (
        <li key={text}>{text}</li>
      ))}
    </ul>
  );
}

const EFFECT: Record<string, string> = {
  deny: "denies",
  approve: "must be accepted",
  track: "obligation",
  record: "noted",
};

/** The steps of a promotion: a rail to see how far it is, and what each did. */
export function StepGraph({ promotion }: { promotion: PromotionDetail }) {
  const state = (step: Step) =>
    step.name === "approval" && promotion.waitsForApproval ? "Waiting" : step.phase;
  return (
    <ol className="idp-steps">
      {promotion.steps.map((step) => (
        <li key={step.name} className="idp-step" data-state={state(step)}>
          <Dot state={state(step)} />
          <div className="idp-step-body">
            <div className="idp-step-head">
              <strong>{step.name}</strong>
              <span className="idp-quiet">{MEANING[step.name] ?? ""}</span>
              <small className="idp-quiet idp-step-time">
                {duration(step.startedAt, step.finishedAt)}
              </small>
            </div>
            {step.message ? (
              <p>
                <Words>{step.message}</Words>
              </p>
            ) : null}
            <Gate promotion={promotion} step={step.name} />
            {step.phase !== "Succeeded" ? <Remedy>{step.remedy}</Remedy> : null}
          </div>
        </li>
      ))}
    </ol>
  );
}
