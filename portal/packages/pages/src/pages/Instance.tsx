import { Link, useParams } from "react-router-dom";
import { useCapacity } from "../data/insight";
import { type Instance, usePlatform } from "../data/queries";
import { Figure } from "../parts/Figure";
import { Badge } from "../parts/Health";
import { Page, Section } from "../parts/Page";
import { Empty, Failure, Found } from "../parts/State";
import { size } from "../parts/size";
import { Table } from "../parts/Table";
import { Remedy, Words } from "../parts/Words";
import { conditionOf, Gate } from "./Platform";

export default function InstancePage() {
  const { environment = "" } = useParams();
  const query = usePlatform();
  const instance = query.data?.find((one) => one.state.environment === environment);
  return (
    <Page
      title={environment}
      crumbs={[{ label: "Platform", to: "/platform" }]}
      lead={
        instance ? (
          <span className="idp-lead-row">
            <Badge {...conditionOf(instance)} />
            <span>{instance.version ? `version ${instance.version}` : ""}</span>
          </span>
        ) : undefined
      }
    >
      <Found query={query}>
        {() =>
          instance ? (
            <Details instance={instance} />
          ) : (
            <Empty title="There is no such instance">The platform's page shows all.</Empty>
          )
        }
      </Found>
    </Page>
  );
}

function Details({ instance }: { instance: Instance }) {
  const { state } = instance;
  if (state.error) {
    return (
      <div className="idp-note" data-tone={state.forbidden ? "quiet" : "attention"} role="status">
        <div>
          <Words>{state.error}</Words>
          <Remedy>{state.remedy}</Remedy>
        </div>
      </div>
    );
  }
  return (
    <>
      {instance.ready ? null : (
        <div className="idp-note" data-tone="bad" role="status">
          <div>
            <Words>{instance.message}</Words>
            <Remedy>{instance.remedy}</Remedy>
          </div>
        </div>
      )}
      <Room instance={instance} />
      {instance.gate ? (
        <Section title="What comes in">
          <Gate gate={instance.gate} />
        </Section>
      ) : null}
      <Section title={`Components (${instance.components.length})`}>
        <Table label="Components" columns={["Component", "State", "What it says"]}>
          {[...instance.components]
            .sort((one, other) => Number(one.healthy) - Number(other.healthy))
            .map((part) => (
              <tr key={part.name}>
                <th scope="row">{part.name}</th>
                <td>
                  <Badge state={part.healthy ? "Healthy" : "Degraded"} />
                </td>
                <td className="idp-wide">
                  <Words>{part.message || (part.healthy ? "Does its work." : "")}</Words>
                </td>
              </tr>
            ))}
        </Table>
      </Section>
      <div className="idp-toolbar">
        <Link className="idp-more" to={`/gitops?environment=${state.environment}`}>
          GitOps
        </Link>
        <Link className="idp-more" to={`/workflows?environment=${state.environment}`}>
          Workflows
        </Link>
        <Link className="idp-more" to={`/security?environment=${state.environment}`}>
          Security
        </Link>
        <Link className="idp-more" to={`/audit?environment=${state.environment}`}>
          Audit
        </Link>
        <Link className="idp-more" to={`/explore/${state.environment}`}>
          Explore
        </Link>
      </div>
    </>
  );
}

function Room({ instance }: { instance: Instance }) {
  const query = useCapacity(instance.state.environment);
  if (query.error && !query.data) {
    return <Failure error={query.error} retry={() => void query.refetch()} />;
  }
  const found = query.data;
  if (found === undefined) return null;
  const { machine } = found;
  return (
    <Section title="Capacity">
      <div className="idp-figures">
        <Figure label="Applications" value={instance.applications}>
          {found.ready} of {found.pods} replicas ready
        </Figure>
        <Figure label="Processors asked for" value={found.cpuRequested.toFixed(2)}>
          of {machine.processors}; load {machine.load.toFixed(2)}
        </Figure>
        <Figure label="Memory asked for" value={size(found.memoryRequested)}>
          {size(machine.memoryFree)} of {size(machine.memory)} free
        </Figure>
        <Figure label="Databases" value={size(found.data)}>
          {size(machine.diskFree)} of {size(machine.disk)} free
        </Figure>
      </div>
    </Section>
  );
}
