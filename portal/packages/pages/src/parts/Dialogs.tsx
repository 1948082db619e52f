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
import { type ReactNode, useState } from "react";
import { useNavigate } from "react-router-dom";
import { to } from "../app/routes";
import {
  type Cell,
  type PromotionDetail,
  type Rights,
  useDecide,
  usePromote,
  useRights,
  useRollBack,
} from "../data/queries";
import { Choice } from "./Choice";
import { Frozen } from "./Frozen";
import { Refused } from "./Refused";
import { Words } from "./Words";

export interface Place {
  namespace: string;
  name: string;
  cell: Cell;
}

export function Ask({
  title,
  close,
  children,
  footer,
  leave = "Cancel",
  wide = false,
}: {
  title: string;
  close: () => void;
  children: ReactNode;
  footer: ReactNode;
  leave?: string;
  wide?: boolean;
}) {
  return (
    <Dialog isOpen onOpenChange={(open) => !open && close()} isDismissable width={wide ? 860 : 520}>
      <DialogHeader>{title}</DialogHeader>
      <DialogBody>
        <div className="idp-stack">{children}</div>
      </DialogBody>
      <DialogFooter>
        {footer}
        <Button variant="secondary" onPress={close}>
          {leave}
        </Button>
      </DialogFooter>
    </Dialog>
  );
}

type Way = "usual" | "hotfix" | "emergency";

/** The ways that a release may take, for who may; none when nothing may come. */
export function ways(cell: Cell, rights: Rights | undefined): readonly Way[] {
  if (!rights?.promote || cell.underWay !== null) return [];
  return [
    ...(cell.candidate ? (["usual"] as const) : []),
    ...(cell.hotfix && rights.hotfix ? (["hotfix"] as const) : []),
    ...(cell.candidate && cell.emergency && rights.override ? (["emergency"] as const) : []),
  ];
}

const WAYS: Record<Way, { label: string; meaning: string }> = {
  usual: { label: "The usual way", meaning: "" },
  hotfix: {
    label: "As a hotfix",
    meaning:
      "It skips the environments between, soak times and windows. Scans, verdict, approvals and every other gate stay. Somebody else reviews it afterwards.",
  },
  emergency: {
    label: "In an emergency",
    meaning:
      "You stand for every approver that is missing and open the gates that may be overridden. What the evidence shuts stays shut. Everybody is told, and somebody else reviews it afterwards.",
  },
};

export function PromoteDialog({ place, close }: { place: Place; close: () => void }) {
  const promote = usePromote();
  const navigate = useNavigate();
  const { namespace, name, cell } = place;
  const open = ways(cell, useRights(namespace).get(cell.environment));
  const [chosen, setChosen] = useState<Way | null>(null);
  const [reason, setReason] = useState("");
  const way = chosen ?? open[0] ?? "usual";
  const candidate = way === "hotfix" ? cell.hotfix : cell.candidate;
  if (candidate === null) return null;
  const past = way !== "usual";
  const start = () =>
    promote.mutate(
      {
        environment: cell.environment,
        namespace,
        application: name,
        release: candidate.release,
        reason: past ? reason : "",
        hotfix: way === "hotfix",
        emergency: way === "emergency",
      },
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
        <Button
          variant="primary"
          destructive={past}
          onPress={start}
          isPending={promote.isPending}
          isDisabled={past && reason.trim().length < 3}
        >
          Promote {candidate.version}
        </Button>
      }
    >
      <Frozen environment={cell.environment} namespace={namespace} application={name} />
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
      {open.some((one) => one !== "usual") ? (
        <Choice
          label="Way"
          value={way}
          options={open.map((one) => [one, WAYS[one].label] as const)}
          onChange={(value) => setChosen(open.find((one) => one === value) ?? null)}
        />
      ) : null}
      {past ? (
        <>
          <p>{WAYS[way].meaning}</p>
          <TextAreaField
            label="Reason"
            description="It is kept in the history."
            value={reason}
            onChange={setReason}
            isRequired
          />
        </>
      ) : null}
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

export type Decided = "approve" | "reject" | "override";

const VERB: Record<Decided, string> = {
  approve: "Approve",
  reject: "Reject",
  override: "Override",
};

export function DecideDialog({
  promotion,
  decision,
  close,
}: {
  promotion: PromotionDetail;
  decision: Decided;
  close: () => void;
}) {
  const decide = useDecide();
  const [comment, setComment] = useState("");
  const [accepted, setAccepted] = useState<readonly string[]>([]);
  const approve = decision === "approve";
  const override = decision === "override";
  const gaps = decision === "reject" ? [] : promotion.mustAccept;
  const explained = approve || comment.trim().length > (override ? 2 : 0);
  const ready = explained && gaps.every((gap) => accepted.includes(gap));
  const send = () =>
    decide.mutate(
      {
        environment: promotion.environment,
        namespace: promotion.namespace,
        promotion: promotion.name,
        releaseDigest: promotion.releaseDigest,
        policyVersion: promotion.policyVersion,
        decision: decision === "reject" ? "reject" : "approve",
        emergency: override,
        comment,
        accepts: [...gaps],
        days: 30,
      },
      { onSuccess: close },
    );
  return (
    <Ask
      title={`${VERB[decision]} ${promotion.application} ${promotion.release} for ${promotion.environment}`}
      close={close}
      footer={
        <Button
          variant="primary"
          destructive={!approve}
          onPress={send}
          isPending={decide.isPending}
          isDisabled={!ready}
        >
          {VERB[decision]}
        </Button>
      }
    >
      <p>
        Your decision is bound to these bytes and these rules: release{" "}
        <code title={promotion.releaseDigest}>{promotion.releaseDigest.slice(0, 19)}</code>. It is
        given in your name and never changes.
      </p>
      {override ? (
        <p>
          For {promotion.overrideHours} h you stand for every approver that is missing and open the
          gates that may be overridden. Everybody is told, and somebody else reviews it afterwards.
        </p>
      ) : null}
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
        label={override ? "Reason" : "Comment"}
        description={
          approve
            ? "Optional; it is kept in the history."
            : override
              ? "What is the emergency? It is kept in the history."
              : "Why not? It is kept in the history."
        }
        value={comment}
        onChange={setComment}
        isRequired={!approve}
      />
      <Refused error={decide.error} />
    </Ask>
  );
}
