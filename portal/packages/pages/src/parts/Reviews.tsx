import { Button, TextAreaField } from "@backstage/ui";
import { RiEyeLine } from "@remixicon/react";
import { useState } from "react";
import { Link } from "react-router-dom";
import { to } from "../app/routes";
import { type Review, useCloseReview } from "../data/gates";
import { Ask } from "./Dialogs";
import { Badge } from "./Health";
import { Refused } from "./Refused";
import { Time } from "./Time";

const CAUSE: Record<Review["cause"], string> = {
  emergency: "Emergency override",
  hotfix: "Hotfix",
};

/** What somebody did past the rules, and the way to say what was found. */
export function ReviewText({ review }: { review: Review }) {
  return (
    <>
      <p>
        <strong>{review.by}</strong>: {review.reason}
      </p>
      <p className="idp-quiet">
        Past: {review.overridden.join(", ") || "nothing"}.
        {review.validateIn.length > 0
          ? ` To be verified in ${review.validateIn.join(", ")}; done in ${review.verifiedIn.join(", ") || "none yet"}.`
          : null}
      </p>
      {review.closedBy ? (
        <p>
          Closed by <strong>{review.closedBy}</strong>: {review.conclusion}
        </p>
      ) : null}
    </>
  );
}

export function ReviewCard({ review }: { review: Review }) {
  const late = !review.closedBy && Date.parse(review.due) < Date.now();
  return (
    <article className="idp-card idp-request">
      <div className="idp-request-text">
        <h3>
          <Link to={to.promotion(review.environment, review.namespace, review.promotion)}>
            {CAUSE[review.cause]} of {review.application} in {review.environment}
          </Link>
        </h3>
        <p className="idp-request-evidence">
          {review.closedBy ? (
            <Badge state="Succeeded" label="Closed" />
          ) : (
            <Badge
              state={late ? "Failed" : "Waiting"}
              label={late ? "Overdue" : "Waits for review"}
            />
          )}
          <span className="idp-quiet">
            due <Time at={review.due} />
          </span>
        </p>
        <ReviewText review={review} />
      </div>
      <CloseReview review={review} />
    </article>
  );
}

/** Closes a review, for who may; otherwise why not. */
export function CloseReview({ review }: { review: Review }) {
  const close = useCloseReview();
  const [asked, setAsked] = useState(false);
  const [conclusion, setConclusion] = useState("");
  if (review.closedBy) return null;
  if (!review.mayClose && !asked) {
    return <span className="idp-quiet">You cannot close it: {review.whyNot}.</span>;
  }
  const done = () => setAsked(false);
  return (
    <div className="idp-actions">
      <Button variant="secondary" iconStart={<RiEyeLine />} onPress={() => setAsked(true)}>
        Close the review
      </Button>
      {asked ? (
        <Ask
          title={`Close the review of ${review.application} in ${review.environment}`}
          close={done}
          footer={
            <Button
              variant="primary"
              isPending={close.isPending}
              isDisabled={conclusion.trim().length < 3}
              onPress={() => close.mutate({ review, conclusion }, { onSuccess: done })}
            >
              Close the review
            </Button>
          }
        >
          <ReviewText review={review} />
          <TextAreaField
            label="Conclusion"
            description="What did you find? It is kept in the history, in your name."
            value={conclusion}
            onChange={setConclusion}
            isRequired
            autoFocus
          />
          <Refused error={close.error} />
        </Ask>
      ) : null}
    </div>
  );
}
