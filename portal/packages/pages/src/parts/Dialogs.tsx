/** What a person sets going: promote, roll back, decide. Each says what will happen before it does. */
import {
  Button,
  Checkbox,
  Dialog,
  DialogBody,
  DialogFooter,
  DialogHeader,
  TextAreaField,
} from "@backstage/ui";
import { HubError } from "@idp/client";
import { type ReactNode, useState } from "react";
import { useNavigate } from "react-router-dom";
import { to } from "../app/routes";
import {
  type Cell,
  type PromotionDetail,
  useDecide,
  usePromote,
  useRollBack,
} from "../data/queries";
import { Words } from "./Words";

export interface Place {
  namespace: string;
  name: string;
  cell: Cell;
}

export function Refused({ error }: { error: unknown }) {
  if (error === null) return null;
  const remedy = error instanceof HubError ? error.remedy : "";
  return (
    <div className="idp-note" data-tone="bad" role="alert">
      <span>
        <Words>{error instanceof Error ? error.message : String(error)}</Words>{" "}
        {remedy ? <Words>{remedy}</Words> : null}
      </span>
    </div>
  );
}

export function Ask({
  title,
  close,
  children,
  footer,
}: {
  title: string;
  close: () => void;
  children: ReactNode;
  footer: ReactNode;
}) {
  return (
    <Dialog isOpen onOpenChange={(open) => !open && close()} isDismissable width={520}>
      <DialogHeader>{title}</DialogHeader>
      <DialogBody>
        <div className="idp-stack">{children}</div>
      </DialogBody>
      <DialogFooter>
        {footer}
        <Button variant="secondary" onPress={close}>
          Cancel
        </Button>
      </DialogFooter>
    </Dialog>
  );
}

export function PromoteDialog({ place, close }: { place: Place; close: () => void }) {
  const promote = usePromote();
  const navigate = useNavigate();
  const { namespace, name, cell } = place;
  const candidate = cell.candidate;
  if (candidate === null) return null;
  const start = () =>
    promote.mutate(
      { environment: cell.environment, namespace, application: name, release: candidate.release },
      {
        onSuccess: (started) => {
          close();
          navigate(to.promotion(started.environment, started.namespace, started.name));
        },
      },
    );
  return (
    <Ask
      title={`Promote ${name} to ${cell.environment}`}
      close={close}
      footer={
        <Button variant="primary" onPress={start} isPending={promote.isPending}>
          Promote {candidate.version}
        </Button>
      }
    >
      <p>
        <code>{candidate.version}</code> goes through the gates of {cell.environment}
        {cell.version ? (
          <>
            {" "}
            and replaces <code>{cell.version}</code>, without interruption.
          </>
        ) : (
          ", where nothing runs yet."
        )}
      </p>
      <Refused error={promote.error} />
    </Ask>
  );
}

export function RollBackDialog({ place, close }: { place: Place; close: () => void }) {
  const rollBack = useRollBack();
  const navigate = useNavigate();
  const [reason, setReason] = useState("");
  const { namespace, name, cell } = place;
  const start = () =>
    rollBack.mutate(
      { environment: cell.environment, namespace, application: name, reason },
      {
        onSuccess: (started) => {
          close();
          navigate(to.promotion(started.environment, started.namespace, started.name));
        },
      },
    );
  return (
    <Ask
      title={`Roll back ${name} in ${cell.environment}`}
      close={close}
      footer={
        <Button
          variant="primary"
          destructive
          onPress={start}
          isPending={rollBack.isPending}
          isDisabled={reason.trim().length < 3}
        >
          Roll back to {cell.backTo}
        </Button>
      }
    >
      <p>
        One commit is reverted: image, configuration and policy of <code>{cell.backTo}</code> come
        back together, in place of <code>{cell.version}</code>.
      </p>
      <TextAreaField
        label="Reason"
        description="It is kept in the history."
        value={reason}
        onChange={setReason}
        isRequired
        autoFocus
      />
      <Refused error={rollBack.error} />
    </Ask>
  );
}

export function DecideDialog({
  promotion,
  decision,
  close,
}: {
  promotion: PromotionDetail;
  decision: "approve" | "reject";
  close: () => void;
}) {
  const decide = useDecide();
  const [comment, setComment] = useState("");
  const [accepted, setAccepted] = useState<readonly string[]>([]);
  const approve = decision === "approve";
  const gaps = approve ? promotion.mustAccept : [];
  const ready = approve ? gaps.every((gap) => accepted.includes(gap)) : comment.trim().length > 0;
  const send = () =>
    decide.mutate(
      {
        environment: promotion.environment,
        namespace: promotion.namespace,
        promotion: promotion.name,
        releaseDigest: promotion.releaseDigest,
        policyVersion: promotion.policyVersion,
        decision,
        comment,
        accepts: [...gaps],
        days: 30,
      },
      { onSuccess: close },
    );
  return (
    <Ask
      title={`${approve ? "Approve" : "Reject"} ${promotion.application} ${promotion.release} for ${promotion.environment}`}
      close={close}
      footer={
        <Button
          variant="primary"
          destructive={!approve}
          onPress={send}
          isPending={decide.isPending}
          isDisabled={!ready}
        >
          {approve ? "Approve" : "Reject"}
        </Button>
      }
    >
      <p>
        Your decision is bound to these bytes and these rules: release{" "}
        <code title={promotion.releaseDigest}>{promotion.releaseDigest.slice(0, 19)}</code>. It is
        given in your name and never changes.
      </p>
      {gaps.map((gap) => (
        <div key={gap} className="idp-gap">
          <Checkbox
            isSelected={accepted.includes(gap)}
            onChange={(on) =>
              setAccepted(on ? [...accepted, gap] : accepted.filter((known) => known !== gap))
            }
          >
            I accept for 30 days: {gap}
          </Checkbox>
          {promotion.rules
            .filter((rule) => rule.subject === gap && rule.effect === "approve")
            .map((rule) => (
              <p key={rule.message} className="idp-quiet">
                <Words>{rule.message}</Words>
              </p>
            ))}
        </div>
      ))}
      <TextAreaField
        label="Comment"
        description={
          approve ? "Optional; it is kept in the history." : "Why not? It is kept in the history."
        }
        value={comment}
        onChange={setComment}
        isRequired={!approve}
      />
      <Refused error={decide.error} />
    </Ask>
  );
}
