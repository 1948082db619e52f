import { Switch } from "@backstage/ui";
import { RiCheckDoubleLine } from "@remixicon/react";
import { Link } from "react-router-dom";
import { to } from "../app/routes";
import { useReviews } from "../data/gates";
import { useParameters } from "../data/parameters";
import { type PromotionDetail, useInbox } from "../data/queries";
import { Decision } from "../parts/Decision";
import { Badge } from "../parts/Health";
import { Page, Section } from "../parts/Page";
import { ReviewCard } from "../parts/Reviews";
import { Empty, Found, Silent } from "../parts/State";
import { Time } from "../parts/Time";
import { Short, Words } from "../parts/Words";

export function ApprovalsPage() {
  const inbox = useInbox();
  return (
    <Page
      title="Approvals"
      lead="What waits for people: promotions, and reviews of what went past the rules."
    >
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
      <Reviews />
    </Page>
  );
}

function Reviews() {
  const [parameters, set] = useParameters();
  const closed = parameters.get("closed") === "true";
  const query = useReviews(closed);
  return (
    <Section
      title="Reviews"
      aside={
        <Switch
          label="Closed ones too"
          isSelected={closed}
          onChange={(on) => set({ closed: on ? "true" : "" })}
        />
      }
    >
      <Found query={query} rows={1}>
        {({ reviews }) =>
          reviews.length === 0 ? (
            <p className="idp-quiet">
              Nothing waits for review: nobody went past the rules, or it was looked at.
            </p>
          ) : (
            <div className="idp-stack">
              {reviews.map((review) => (
                <ReviewCard key={review.environment + review.name} review={review} />
              ))}
            </div>
          )
        }
      </Found>
    </Section>
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
        <Missing promotion={promotion} />
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

function Missing({ promotion }: { promotion: PromotionDetail }) {
  const missing = new Map<string, number>();
  for (const { who, by } of promotion.seats) if (!by) missing.set(who, (missing.get(who) ?? 0) + 1);
  if (missing.size === 0) return null;
  const words = [...missing].map(([who, count]) => `${count} of ${who}`);
  return <p className="idp-quiet">Approvals that are missing: {words.join(", ")}</p>;
}
