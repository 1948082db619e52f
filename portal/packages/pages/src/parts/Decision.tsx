import { Button } from "@backstage/ui";
import { RiCheckLine, RiCloseLine } from "@remixicon/react";
import { useState } from "react";
import type { PromotionDetail } from "../data/queries";
import { DecideDialog } from "./Dialogs";

/** Approve and reject, for who may; otherwise why not. */
export function Decision({ promotion }: { promotion: PromotionDetail }) {
  const [asked, setAsked] = useState<"approve" | "reject" | null>(null);
  if (!promotion.waitsForApproval && asked === null) return null;
  if (!promotion.mayDecide && asked === null) {
    return <span className="idp-quiet">You cannot decide: {promotion.whyNot}.</span>;
  }
  return (
    <div className="idp-actions">
      <Button variant="primary" iconStart={<RiCheckLine />} onPress={() => setAsked("approve")}>
        Approve
      </Button>
      <Button variant="secondary" iconStart={<RiCloseLine />} onPress={() => setAsked("reject")}>
        Reject
      </Button>
      {asked ? (
        <DecideDialog promotion={promotion} decision={asked} close={() => setAsked(null)} />
      ) : null}
    </div>
  );
}
