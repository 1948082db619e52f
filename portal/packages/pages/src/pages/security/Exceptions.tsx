import { Button } from "@backstage/ui";
import { RiAddLine, RiCheckLine, RiDeleteBinLine } from "@remixicon/react";
import { useState } from "react";
import { Link } from "react-router-dom";
import { to } from "../../app/routes";
import { useParameters } from "../../data/parameters";
import {
  type Exception,
  useApproveException,
  useExceptions,
  useRevokeException,
} from "../../data/security";
import { Ask } from "../../parts/Dialogs";
import { Badge } from "../../parts/Health";
import { Refused } from "../../parts/Refused";
import { Empty, Found, Silent } from "../../parts/State";
import { Table } from "../../parts/Table";
import { Time } from "../../parts/Time";
import { RequestDialog } from "./RequestDialog";

export const PHASE: Record<string, { state: string; label: string }> = {
  Waiting: { state: "Waiting", label: "Waits for approval" },
  Active: { state: "Succeeded", label: "Active" },
  Expired: { state: "Superseded", label: "Expired" },
};

export function Exceptions() {
  const query = useExceptions();
  const [parameters, set] = useParameters();
  const asked = parameters.get("ask") !== null;
  return (
    <div className="idp-stack">
      <div className="idp-toolbar">
        <Button
          variant="secondary"
          iconStart={<RiAddLine />}
          onPress={() => set({ ask: "exception" })}
        >
          Ask for an exception
        </Button>
      </div>
      {asked ? <RequestDialog close={() => set({ ask: "" })} /> : null}
      <Found query={query}>
        {(found) => (
          <>
            <Silent instances={found.instances} />
            {found.exceptions.length === 0 ? (
              <Empty title="No exception">
                Two people can agree to let a finding be until a date; until then it does what the
                rules say.
              </Empty>
            ) : (
              <ExceptionTable exceptions={found.exceptions} />
            )}
          </>
        )}
      </Found>
    </div>
  );
}

export function ExceptionTable({ exceptions }: { exceptions: readonly Exception[] }) {
  return (
    <Table
      label="Exceptions"
      columns={["Finding", "For", "State", "Ends", "Asked by", "Approved by", "Why", "Decide"]}
    >
      {exceptions.map((exception) => (
        <tr key={exception.environment + exception.namespace + exception.name}>
          <th scope="row">
            <Link to={to.finding(exception.environment, exception.finding)}>
              {exception.finding}
            </Link>
            <br />
            <small className="idp-quiet">
              {exception.disposition === "accepted"
                ? "risk accepted"
                : `not affected: ${exception.justification.replaceAll("_", " ")}`}
            </small>
          </th>
          <td>
            {exception.application || `all of ${exception.namespace}`} in {exception.environment}
            {exception.package ? <small className="idp-quiet"> {exception.package}</small> : null}
          </td>
          <td className="idp-nowrap">
            <Badge {...(PHASE[exception.phase] ?? { state: "Unknown" })} />
            {exception.phase === "Active" ? (
              <small className="idp-quiet"> covers {exception.findings}</small>
            ) : null}
          </td>
          <td className="idp-nowrap">
            <Time at={exception.expires} />
          </td>
          <td>{exception.author}</td>
          <td>{exception.approver || "—"}</td>
          <td className="idp-wide">{exception.reason}</td>
          <td>
            <Decide exception={exception} />
          </td>
        </tr>
      ))}
    </Table>
  );
}

function Decide({ exception }: { exception: Exception }) {
  const approve = useApproveException();
  const revoke = useRevokeException();
  const [asked, setAsked] = useState<"approve" | "revoke" | null>(null);
  const close = () => setAsked(null);
  const what = `${exception.finding} in ${exception.environment}`;
  return (
    <div className="idp-actions">
      {exception.mayApprove ? (
        <Button
          size="small"
          variant="secondary"
          iconStart={<RiCheckLine />}
          onPress={() => setAsked("approve")}
        >
          Approve
        </Button>
      ) : exception.whyNot ? (
        <small className="idp-quiet">You cannot approve: {exception.whyNot}.</small>
      ) : null}
      {exception.mayRevoke ? (
        <Button
          size="small"
          variant="tertiary"
          iconStart={<RiDeleteBinLine />}
          onPress={() => setAsked("revoke")}
        >
          Revoke
        </Button>
      ) : null}
      {asked === "approve" ? (
        <Ask
          title={`Let ${what} be`}
          close={close}
          footer={
            <Button
              variant="primary"
              isPending={approve.isPending}
              onPress={() => approve.mutate(exception, { onSuccess: close })}
            >
              Approve
            </Button>
          }
        >
          <p>
            {exception.author} asks for it: {exception.reason}
          </p>
          <p>
            It counts from now until <Time at={exception.expires} />, in your name.
          </p>
          <Refused error={approve.error} />
        </Ask>
      ) : null}
      {asked === "revoke" ? (
        <Ask
          title={`Revoke the exception for ${what}`}
          close={close}
          footer={
            <Button
              variant="primary"
              destructive
              isPending={revoke.isPending}
              onPress={() => revoke.mutate(exception, { onSuccess: close })}
            >
              Revoke
            </Button>
          }
        >
          <p>
            The finding does again what the rules say; promotions that stand on the exception start
            again.
          </p>
          <Refused error={revoke.error} />
        </Ask>
      ) : null}
    </div>
  );
}
