import { Button } from "@backstage/ui";
import { RiAlarmWarningLine, RiCheckLine, RiCloseLine } from "@remixicon/react";
import { useState } from "react";
import type { PromotionDetail } from "../data/queries";
import { DecideDialog, type Decided } from "./Dialogs";

/** Approve, reject and override, for who may; otherwise why not. */
export function Decision({ promotion }: { promotion: PromotionDetail }) {
  const [asked, setAsked] = useState<Decided | null>(null);
  const { waitsForApproval, mayDecide, mayOverride } = promotion;
  if (!waitsForApproval && !mayOverride && asked === null) return null;
  return (
    <div className="idp-actions">
      {mayDecide ? (
        <>
          <Button variant="primary" iconStart={<RiCheckLine />} onPress={() => setAsked("approve")}>
            Approve
          </Button>
          <Button
            variant="secondary"
            iconStart={<RiCloseLine />}
            onPress={() => setAsked("reject")}
          >
            Reject
          </Button>
        </>
      ) : waitsForApproval ? (
        <span className="idp-quiet">You cannot decide: {promotion.whyNot}.</span>
      ) : null}
      {mayOverride ? (
        <Button
          variant="secondary"
          iconStart={<RiAlarmWarningLine />}
          onPress={() => setAsked("override")}
        >
          Override
        </Button>
      ) : null}
      {asked ? (
        <DecideDialog promotion={promotion} decision={asked} close={() => setAsked(null)} />
      ) : null}
    </div>
  );
}
