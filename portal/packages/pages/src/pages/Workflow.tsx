import { Link, useParams } from "react-router-dom";
import { to } from "../app/routes";
import { useParameters } from "../data/parameters";
import { useWorkflow, type WorkflowDetail, type WorkflowNode } from "../data/workflows";
import { Facts } from "../parts/Facts";
import { Graph } from "../parts/Graph";
import { Badge } from "../parts/Health";
import { contracted } from "../parts/layers";
import { Page, Section } from "../parts/Page";
import { Empty, Found } from "../parts/State";
import { duration, Time } from "../parts/Time";
import { Remedy, Words } from "../parts/Words";

export default function WorkflowPage() {
  const { environment = "", namespace = "", name = "" } = useParams();
  const query = useWorkflow(environment, namespace, name);
  const workflow = query.data?.workflow;
  return (
    <Page
      title={name}
      crumbs={[
        { label: "Workflows", to: "/workflows" },
        { label: environment, to: `/workflows?environment=${encodeURIComponent(environment)}` },
      ]}
      lead={
        workflow ? (
          <span className="idp-lead-row">
            <Badge state={state(workflow.phase)} />
            <span>
              {workflow.progress ? `${workflow.progress} steps, ` : ""}started{" "}
              <Time at={workflow.startedAt} />
            </span>
            {workflow.finishedAt ? (
              <span>took {duration(workflow.startedAt, workflow.finishedAt)}</span>
            ) : null}
          </span>
        ) : undefined
      }
    >
      <Found query={query}>{(found) => <Details detail={found} />}</Found>
    </Page>
  );
}

/** Argo's `Error`, `Omitted` and `Skipped` in the portal's words. */
function state(phase: string): string {
  if (phase === "Error") return "Failed";
  return phase === "Omitted" || phase === "Skipped" ? "Superseded" : phase;
}

function Details({ detail }: { detail: WorkflowDetail }) {
  const [parameters, set] = useParameters();
  const { workflow } = detail;
  const work = detail.nodes.filter((node) => !node.group);
  const wanted = parameters.get("step");
  const chosen =
    work.find((node) => node.id === wanted) ??
    work.find((node) => ["Failed", "Error"].includes(node.phase)) ??
    work.find((node) => node.phase === "Running") ??
    work.at(-1);
  return (
    <>
      {workflow.message ? (
        <div className="idp-note" data-tone="bad">
          <Words>{workflow.message}</Words>
        </div>
      ) : null}
      <div className="idp-columns">
        <Section title="Steps">
          {work.length === 0 ? (
            <Empty title="It is about to start">Its steps appear here.</Empty>
          ) : (
            <Graph
              label={`Steps of ${workflow.name}`}
              nodes={work.map((node) => ({
                id: node.id,
                label: node.name,
                state: state(node.phase),
                detail: duration(node.startedAt, node.finishedAt),
              }))}
              edges={contracted(detail.nodes)}
              chosen={chosen?.id ?? ""}
              choose={(id) => set({ step: id })}
            />
          )}
        </Section>
        <div className="idp-stack">
          {chosen ? <Step workflow={workflow} node={chosen} /> : null}
          <Section title="Workflow">
            <div className="idp-card">
              <Facts
                facts={[
                  ["Template", workflow.template],
                  [
                    "Application",
                    workflow.application ? (
                      <Link key="a" to={to.application(workflow.namespace, workflow.application)}>
                        {workflow.application}
                      </Link>
                    ) : (
                      ""
                    ),
                  ],
                  [
                    "Promotion",
                    workflow.promotion ? (
                      <Link
                        key="p"
                        to={to.promotion(
                          workflow.environment,
                          workflow.namespace,
                          workflow.promotion,
                        )}
                      >
                        {workflow.promotion}
                      </Link>
                    ) : (
                      ""
                    ),
                  ],
                  [
                    "Object",
                    <Link
                      key="o"
                      to={`/explore/${workflow.environment}/apis/argoproj.io/v1alpha1/workflows/${workflow.namespace}/${workflow.name}`}
                    >
                      YAML
                    </Link>,
                  ],
                  ...Object.entries(detail.parameters).map(
                    ([name, value]) => [name, value] as const,
                  ),
                ]}
              />
            </div>
          </Section>
        </div>
      </div>
    </>
  );
}

function Step({ workflow, node }: { workflow: WorkflowDetail["workflow"]; node: WorkflowNode }) {
  return (
    <Section title={`Step ${node.name}`} aside={<Badge state={state(node.phase)} />}>
      <div className="idp-card idp-list">
        <div className="idp-item">
          {node.message ? (
            <p>
              <Words>{node.message}</Words>
            </p>
          ) : (
            <p className="idp-quiet">It has said nothing.</p>
          )}
          {node.phase !== "Succeeded" ? <Remedy>{node.remedy}</Remedy> : null}
        </div>
        <div className="idp-item">
          <Facts
            facts={[
              ["Began", node.startedAt ? <Time key="b" at={node.startedAt} /> : ""],
              ["Took", duration(node.startedAt, node.finishedAt)],
              ["Template", node.template],
              [
                "Object",
                node.step ? (
                  <Link
                    key="s"
                    to={`/explore/${workflow.environment}/apis/platform.idp/v1alpha1/pipelinesteps/${workflow.namespace}/${node.step}`}
                  >
                    YAML
                  </Link>
                ) : (
                  ""
                ),
              ],
            ]}
          />
        </div>
        {node.outputs ? (
          <details className="idp-item">
            <summary>What it found, as JSON</summary>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
            <pre className="idp-yaml" tabIndex={0}>
              <code>{node.outputs}</code>
            </pre>
          </details>
        ) : null}
      </div>
    </Section>
  );
}
