import { RiCheckDoubleLine } from "@remixicon/react";
import { Link } from "react-router-dom";
import { to } from "../app/routes";
import { type PromotionDetail, useInbox } from "../data/queries";
import { Decision } from "../parts/Decision";
import { Badge } from "../parts/Health";
import { Page } from "../parts/Page";
import { Empty, Found, Silent } from "../parts/State";
import { Time } from "../parts/Time";
import { Short, Words } from "../parts/Words";

export function ApprovalsPage() {
  const inbox = useInbox();
  return (
    <Page title="Approvals" lead="Promotions that wait for people.">
      <Found query={inbox}>
        {({ waiting, instances }) => (
          <>
            <Silent instances={instances} />
            {waiting.length === 0 ? (
              <Empty title="Nothing waits" icon={<RiCheckDoubleLine size={28} />}>
                A promotion to an environment with approvals shows up here by itself.
              </Empty>
            ) : (
              <div className="idp-stack">
                {[...waiting]
                  .sort((one, other) => Number(other.mayDecide) - Number(one.mayDecide))
                  .map((promotion) => (
                    <Request key={promotion.environment + promotion.name} promotion={promotion} />
                  ))}
              </div>
            )}
          </>
        )}
      </Found>
    </Page>
  );
}

function Request({ promotion }: { promotion: PromotionDetail }) {
  const gaps = promotion.rules.filter((rule) => rule.effect === "approve");
  return (
    <article className="idp-card idp-request">
      <div className="idp-request-text">
        <h2>
          <Link to={to.promotion(promotion.environment, promotion.namespace, promotion.name)}>
            {promotion.application} {promotion.release}
          </Link>{" "}
          for {promotion.environment}
        </h2>
        <p className="idp-quiet">
          waits since <Time at={promotion.createdAt} />, pushed by{" "}
          {promotion.author || "nobody known"}, commit{" "}
          <Short id={promotion.sourceCommit} length={10} />
        </p>
        <p className="idp-request-evidence">
          <Badge state="Succeeded" label={`${promotion.evidence.length} signatures hold`} />
          {promotion.scanners.map((scanner) => (
            <Badge
              key={scanner.name}
              state={
                scanner.status === "clean"
                  ? "Succeeded"
                  : scanner.status === "findings"
                    ? "Failed"
                    : "Unknown"
              }
              label={`${scanner.name}: ${scanner.status}`}
            />
          ))}
        </p>
        {gaps.map((gap) => (
          <p key={gap.subject} className="idp-quiet">
            <strong>{gap.subject}</strong> must be accepted: <Words>{gap.message}</Words>
          </p>
        ))}
      </div>
      <Decision promotion={promotion} />
    </article>
  );
}
