import { useNavigate } from "react-router-dom";
import { to } from "../../app/routes";
import { type Settings, useSettings } from "../../data/insight";
import type { Application } from "../../data/queries";
import { Graph } from "../../parts/Graph";
import { Badge } from "../../parts/Health";
import { Empty, Found } from "../../parts/State";
import { Table } from "../../parts/Table";

type Call = Settings["calls"][number];

const WORD: Record<Call["allowed"], { state: string; label: string }> = {
  stated: { state: "Succeeded", label: "May call: it is on the list" },
  open: { state: "Unknown", label: "May call: the caller has no list" },
  denied: { state: "Failed", label: "Must never call" },
};

/** Who may call the application and whom it may call, as the declarations in an environment say. */
export default function Dependencies({
  application,
  environment,
}: {
  application: Application;
  environment: string;
}) {
  const { namespace, name } = application;
  const health =
    application.environments.find((one) => one.cell.environment === environment)?.cell.health ??
    "Unknown";
  const query = useSettings(namespace, name);
  return (
    <Found query={query}>
      {(settings) => {
        const calls = settings.calls.filter((call) => call.environment === environment);
        return calls.length === 0 ? (
          <Empty title="It stands alone">
            No other application of {namespace} may call it in {environment}, and it may call none.
          </Empty>
        ) : (
          <div className="idp-stack">
            <Calls calls={calls} namespace={namespace} name={name} health={health} />
            <Table label="Calls" columns={["Caller", "Called", "Rule"]}>
              {calls.map((call) => (
                <tr key={call.source + call.destination}>
                  <th scope="row">{call.source}</th>
                  <td>{call.destination}</td>
                  <td>
                    <Badge {...WORD[call.allowed]} />
                  </td>
                </tr>
              ))}
            </Table>
          </div>
        );
      }}
    </Found>
  );
}

/** Callers above, the application in the middle, those that it may call below. */
function Calls({
  calls,
  namespace,
  name,
  health,
}: {
  calls: readonly Call[];
  namespace: string;
  name: string;
  health: string;
}) {
  const navigate = useNavigate();
  const allowed = calls.filter((call) => call.allowed !== "denied");
  const callers = allowed.filter((call) => call.destination === name);
  const called = allowed.filter((call) => call.source === name);
  const state = (call: Call) => (call.allowed === "stated" ? "Succeeded" : "Missing");
  return (
    <Graph
      label={`Calls from and to ${name}`}
      nodes={[
        ...callers.map((call) => ({
          id: `from/${call.source}`,
          label: call.source,
          state: state(call),
          detail: "may call it",
        })),
        { id: "self", label: name, state: health, detail: "this application" },
        ...called.map((call) => ({
          id: `to/${call.destination}`,
          label: call.destination,
          state: state(call),
          detail: "may be called",
        })),
      ]}
      edges={[
        ...callers.map((call) => ({ from: `from/${call.source}`, to: "self" })),
        ...called.map((call) => ({ from: "self", to: `to/${call.destination}` })),
      ]}
      chosen="self"
      choose={(id) => {
        if (id !== "self") navigate(to.application(namespace, id.slice(id.indexOf("/") + 1)));
      }}
    />
  );
}
