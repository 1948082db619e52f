import { SearchField, Switch, TextField } from "@backstage/ui";
import { useDeferredValue } from "react";
import { Link } from "react-router-dom";
import { to } from "../../app/routes";
import { useParameters } from "../../data/parameters";
import { type Finding, PAGE, useFindings } from "../../data/security";
import { Choice } from "../../parts/Choice";
import { Badge } from "../../parts/Health";
import { Pager } from "../../parts/Pager";
import { Severity } from "../../parts/Severity";
import { Empty, Found } from "../../parts/State";
import { Table } from "../../parts/Table";
import { Time } from "../../parts/Time";

const STATES = ["open", "fixed", "accepted", "false-positive"];
const BANDS = ["critical", "high", "medium", "low", "unscored"];
const ORDERS = [
  ["worst", "Worst first"],
  ["due", "Due first"],
  ["newest", "Newest first"],
  ["application", "By application"],
] as const;

export function FindingState({ finding }: { finding: Finding }) {
  const overdue = finding.state === "open" && Date.parse(finding.due) < Date.now();
  const shown = {
    open: overdue ? { state: "Failed", label: "Overdue" } : { state: "Waiting", label: "Open" },
    fixed: { state: "Succeeded", label: "Fixed" },
    accepted: { state: "Unknown", label: "Accepted" },
    "false-positive": { state: "Superseded", label: "Not affected" },
  }[finding.state];
  return <Badge {...shown} />;
}

export function Findings({ environment }: { environment: string }) {
  const [parameters, set] = useParameters();
  const text = (name: string) => parameters.get(name) ?? "";
  const offset = Number(text("offset")) || 0;
  const state = parameters.get("state") ?? "open";
  const overdue = text("overdue") === "true";
  const query = useFindings({
    environment,
    namespace: useDeferredValue(text("namespace")),
    application: useDeferredValue(text("application")),
    state: overdue || state === "any" ? "" : state,
    band: text("band"),
    scanner: useDeferredValue(text("scanner")),
    name: useDeferredValue(text("name")),
    overdue,
    order: text("order") || "worst",
    offset,
  });
  const choose = (name: string) => (value: string) => set({ [name]: value, offset: "" });
  return (
    <div className="idp-stack">
      <div className="idp-toolbar">
        <SearchField
          aria-label="Id or alias of a finding"
          placeholder="Id, such as CVE-2026-1234"
          size="small"
          value={text("name")}
          onChange={choose("name")}
        />
        <TextField
          aria-label="Application"
          placeholder="Application"
          size="small"
          value={text("application")}
          onChange={choose("application")}
        />
        <TextField
          aria-label="Namespace"
          placeholder="Namespace"
          size="small"
          value={text("namespace")}
          onChange={choose("namespace")}
        />
        <TextField
          aria-label="Scanner"
          placeholder="Scanner"
          size="small"
          value={text("scanner")}
          onChange={choose("scanner")}
        />
      </div>
      <div className="idp-toolbar">
        <Choice
          label="State"
          value={state}
          options={[["any", "Every state"], ...STATES]}
          onChange={choose("state")}
        />
        <Choice
          label="Severity"
          value={text("band")}
          options={[["", "Every severity"], ...BANDS]}
          onChange={choose("band")}
        />
        <Choice
          label="Order"
          value={text("order") || "worst"}
          options={ORDERS}
          onChange={choose("order")}
        />
        <Switch
          label="Overdue only"
          isSelected={overdue}
          onChange={(on) => set({ overdue: on ? "true" : "", offset: "" })}
        />
        <span className="idp-quiet" role="status">
          {query.data ? `${query.data.total} findings` : ""}
        </span>
      </div>
      <Found query={query}>
        {(page) => (
          <>
            {page.findings.length === 0 ? (
              <Empty title="No finding matches">
                Scanners look at every release that is built;{" "}
                <code>idp-cli security db import</code> gives them advisories.
              </Empty>
            ) : (
              <Rows environment={environment} findings={page.findings} />
            )}
            <Pager
              offset={offset}
              page={PAGE}
              total={page.total}
              go={(next) => set({ offset: next ? String(next) : "" })}
            />
          </>
        )}
      </Found>
    </div>
  );
}

export function Rows({
  environment,
  findings,
}: {
  environment: string;
  findings: readonly Finding[];
}) {
  return (
    <Table
      label="Findings"
      columns={["Severity", "Finding", "Application", "Where", "State", "Due", "Owner", "Summary"]}
    >
      {findings.map((finding) => (
        <tr key={finding.namespace + finding.application + finding.fingerprint}>
          <td className="idp-nowrap">
            <Severity severity={finding.severity} />
          </td>
          <th scope="row">
            <Link to={to.finding(environment, finding.finding)}>{finding.finding}</Link>
          </th>
          <td>
            <Link to={to.application(finding.namespace, finding.application)}>
              {finding.application}
            </Link>
          </td>
          <td className="idp-place">
            {finding.package ? `${finding.package} ${finding.version}` : finding.location}
          </td>
          <td className="idp-nowrap">
            <FindingState finding={finding} />
          </td>
          <td className="idp-nowrap">
            {finding.state === "open" ? <Time at={finding.due} /> : null}
          </td>
          <td>{finding.owner}</td>
          <td className="idp-wide">{finding.summary}</td>
        </tr>
      ))}
    </Table>
  );
}
