import { Button, TextAreaField, TextField } from "@backstage/ui";
import { RiSnowflakeLine, RiSunLine } from "@remixicon/react";
import { useState } from "react";
import { type Freeze, useEndFreeze, useFreezes, useStartFreeze } from "../../data/gates";
import { useParameters } from "../../data/parameters";
import { useRights } from "../../data/queries";
import { Ask } from "../../parts/Dialogs";
import { frozen } from "../../parts/Frozen";
import { Badge } from "../../parts/Health";
import { Section } from "../../parts/Page";
import { Refused } from "../../parts/Refused";
import { Found } from "../../parts/State";
import { Table } from "../../parts/Table";
import { When } from "../../parts/Time";

const STATE: Record<Freeze["state"], { state: string; label: string }> = {
  on: { state: "Waiting", label: "On" },
  "to come": { state: "Pending", label: "To come" },
  over: { state: "Superseded", label: "Over" },
};

/** The freezes of an environment; who may starts one and ends one. */
export function Freezes({ environment }: { environment: string }) {
  const query = useFreezes();
  const rights = useRights().get(environment);
  const [parameters, set] = useParameters();
  const start = rights?.freeze ? (
    <Button
      size="small"
      variant="secondary"
      iconStart={<RiSnowflakeLine />}
      onPress={() => set({ ask: "freeze" })}
    >
      Freeze
    </Button>
  ) : undefined;
  return (
    <Section title="Freezes" aside={start}>
      {parameters.get("ask") === "freeze" && rights?.freeze ? (
        <FreezeDialog environment={environment} close={() => set({ ask: "" })} />
      ) : null}
      <Found query={query} rows={1}>
        {(found) => {
          const here = found.freezes.filter((freeze) => freeze.environment === environment);
          return here.length === 0 ? (
            <p className="idp-quiet">Nothing freezes {environment}; promotions go on.</p>
          ) : (
            <FreezeTable freezes={here} />
          );
        }}
      </Found>
    </Section>
  );
}

function FreezeTable({ freezes }: { freezes: readonly Freeze[] }) {
  return (
    <Table
      label="Freezes"
      columns={["Freeze", "State", "From", "Until", "For", "By", "Why", "End"]}
    >
      {freezes.map((freeze) => (
        <tr key={freeze.name}>
          <th scope="row">{freeze.name}</th>
          <td className="idp-nowrap">
            <Badge {...STATE[freeze.state]} />
          </td>
          <td className="idp-nowrap">
            <When at={freeze.start} />
          </td>
          <td className="idp-nowrap">
            <When at={freeze.until} />
          </td>
          <td>{frozen(freeze)}</td>
          <td>{freeze.by}</td>
          <td className="idp-wide">{freeze.reason}</td>
          <td>{freeze.mayEnd ? <End freeze={freeze} /> : "—"}</td>
        </tr>
      ))}
    </Table>
  );
}

function End({ freeze }: { freeze: Freeze }) {
  const end = useEndFreeze();
  const [asked, setAsked] = useState(false);
  const close = () => setAsked(false);
  const over = freeze.state === "over";
  return (
    <>
      <Button
        size="small"
        variant="tertiary"
        iconStart={<RiSunLine />}
        aria-label={`${over ? "Remove" : "End"} ${freeze.name}`}
        onPress={() => setAsked(true)}
      >
        {over ? "Remove" : "End"}
      </Button>
      {asked ? (
        <Ask
          title={`${over ? "Remove" : "End"} ${freeze.name} in ${freeze.environment}`}
          close={close}
          footer={
            <Button
              variant="primary"
              destructive
              isPending={end.isPending}
              onPress={() => end.mutate(freeze, { onSuccess: close })}
            >
              {over ? "Remove it" : "End it now"}
            </Button>
          }
        >
          <p>
            {over
              ? "It has ended by itself. The audit keeps who froze, and who removed it."
              : `Promotions that wait for it go on at once. ${freeze.by} froze: ${freeze.reason}`}
          </p>
          <Refused error={end.error} />
        </Ask>
      ) : null}
    </>
  );
}

/** What a field for date and time holds, in the reader's time zone; empty means none. */
export function moment(local: string): string | null {
  const time = Date.parse(local);
  return Number.isNaN(time) ? null : new Date(time).toISOString();
}

/** Names between commas or spaces. */
export function names(text: string): string[] {
  return text.split(/[\s,]+/).filter((name) => name !== "");
}

function FreezeDialog({ environment, close }: { environment: string; close: () => void }) {
  const start = useStartFreeze();
  const [name, setName] = useState("");
  const [from, setFrom] = useState("");
  const [until, setUntil] = useState("");
  const [applications, setApplications] = useState("");
  const [reason, setReason] = useState("");
  const end = moment(until);
  const send = () =>
    end &&
    start.mutate(
      {
        environment,
        name,
        reason,
        start: moment(from),
        until: end,
        applications: names(applications),
        namespaces: [],
      },
      { onSuccess: close },
    );
  return (
    <Ask
      title={`Freeze ${environment}`}
      close={close}
      footer={
        <Button
          variant="primary"
          isPending={start.isPending}
          isDisabled={!name || !end || reason.trim().length < 3}
          onPress={send}
        >
          Freeze
        </Button>
      }
    >
      <p>
        No promotion changes {environment} until it ends; rollbacks go on. It is in your name and
        never changes: to change it, end it and start another.
      </p>
      <TextField
        label="Name"
        description="Small letters, digits and dashes"
        value={name}
        onChange={setName}
        isRequired
        autoFocus
      />
      <Moment label="From" hint="Your time zone; empty: at once" value={from} onChange={setFrom} />
      <Moment label="Until" hint="Your time zone" value={until} onChange={setUntil} />
      <TextField
        label="Applications"
        description="Names, with commas between; empty: every application"
        value={applications}
        onChange={setApplications}
      />
      <TextAreaField label="Reason" value={reason} onChange={setReason} isRequired />
      <Refused error={start.error} />
    </Ask>
  );
}

function Moment({
  label,
  hint,
  value,
  onChange,
}: {
  label: string;
  hint: string;
  value: string;
  onChange: (value: string) => void;
}) {
  return (
    <label className="idp-moment">
      <span>{label}</span>
      <small className="idp-quiet">{hint}</small>
      <input
        type="datetime-local"
        className="idp-select"
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </label>
  );
}
