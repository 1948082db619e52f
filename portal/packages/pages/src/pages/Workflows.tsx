import { SearchField } from "@backstage/ui";
import { useDeferredValue } from "react";
import { Link } from "react-router-dom";
import { to } from "../app/routes";
import { useSession } from "../data/hub";
import { useParameters } from "../data/parameters";
import { PAGE, useWorkflows } from "../data/workflows";
import { Choice } from "../parts/Choice";
import { Badge } from "../parts/Health";
import { Page } from "../parts/Page";
import { Pager } from "../parts/Pager";
import { Empty, Found, Silent } from "../parts/State";
import { Table } from "../parts/Table";
import { duration, Time } from "../parts/Time";

const PHASES = ["Running", "Pending", "Succeeded", "Failed", "Error"];

export default function WorkflowsPage() {
  const session = useSession();
  const [parameters, set] = useParameters();
  const environment = parameters.get("environment") ?? "";
  const phase = parameters.get("phase") ?? "";
  const search = parameters.get("search") ?? "";
  const offset = Number(parameters.get("offset")) || 0;
  const query = useWorkflows(environment, phase, useDeferredValue(search), offset);
  return (
    <Page
      title="Workflows"
      lead="What runs after a push and for a promotion, and everything else that runs in steps."
    >
      <div className="idp-toolbar">
        <SearchField
          aria-label="Search workflows"
          placeholder="Search workflows"
          size="small"
          value={search}
          onChange={(value) => set({ search: value, offset: "" })}
        />
        <Choice
          label="Environment"
          value={environment}
          options={[["", "Every environment"], ...session.environments]}
          onChange={(value) => set({ environment: value, offset: "" })}
        />
        <Choice
          label="State"
          value={phase}
          options={[["", "Every state"], ...PHASES]}
          onChange={(value) => set({ phase: value, offset: "" })}
        />
        <span className="idp-quiet" role="status">
          {query.data ? `${query.data.total} workflows, ${query.data.running} at work` : ""}
        </span>
      </div>
      <Found query={query}>
        {(found) => (
          <>
            <Silent instances={found.instances} />
            {found.workflows.length === 0 ? (
              <Empty title={search || phase ? "No workflow matches" : "No workflow yet"}>
                A <code>git push</code> to <code>main</code> starts one.
              </Empty>
            ) : (
              <Table
                label="Workflows"
                columns={["Workflow", "State", "Environment", "Application", "Started", "Took"]}
              >
                {found.workflows.map((workflow) => (
                  <tr key={workflow.environment + workflow.namespace + workflow.name}>
                    <th scope="row">
                      <Link
                        to={to.workflow(workflow.environment, workflow.namespace, workflow.name)}
                      >
                        {workflow.name}
                      </Link>
                      {workflow.template ? (
                        <>
                          {" "}
                          <small className="idp-quiet">{workflow.template}</small>
                        </>
                      ) : null}
                    </th>
                    <td className="idp-nowrap">
                      <Badge state={workflow.phase === "Error" ? "Failed" : workflow.phase} />{" "}
                      <small className="idp-quiet">{workflow.progress}</small>
                    </td>
                    <td>{workflow.environment}</td>
                    <td>
                      {workflow.application ? (
                        <Link to={to.application(workflow.namespace, workflow.application)}>
                          {workflow.application}
                        </Link>
                      ) : (
                        "—"
                      )}
                    </td>
                    <td className="idp-nowrap">
                      <Time at={workflow.startedAt} />
                    </td>
                    <td className="idp-nowrap">
                      {duration(workflow.startedAt, workflow.finishedAt)}
                    </td>
                  </tr>
                ))}
              </Table>
            )}
            <Pager
              offset={offset}
              page={PAGE}
              total={found.total}
              go={(next) => set({ offset: next ? String(next) : "" })}
            />
          </>
        )}
      </Found>
    </Page>
  );
}
