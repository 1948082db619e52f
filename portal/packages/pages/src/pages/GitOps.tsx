import { RiGitBranchLine } from "@remixicon/react";
import { Link } from "react-router-dom";
import { to } from "../app/routes";
import { type EnvironmentSync, type SyncedApplication, useGitOps } from "../data/gitops";
import { useParameters } from "../data/parameters";
import { Choice } from "../parts/Choice";
import { Badge } from "../parts/Health";
import { Page, Section } from "../parts/Page";
import { Found, Silent } from "../parts/State";
import { Table } from "../parts/Table";
import { Time } from "../parts/Time";
import { Short, Words } from "../parts/Words";

export default function GitOpsPage() {
  const query = useGitOps();
  const [parameters, set] = useParameters();
  const chosen = parameters.get("environment") ?? "";
  const only = parameters.get("sync") ?? "";
  return (
    <Page
      title="GitOps"
      lead="What each environment's repository wants, and whether the instance has it."
    >
      <Found query={query}>
        {(environments) => (
          <>
            <div className="idp-toolbar">
              <Choice
                label="Environment"
                value={chosen}
                options={[
                  ["", "Every environment"],
                  ...environments.map((one) => one.state.environment),
                ]}
                onChange={(value) => set({ environment: value })}
              />
              <Choice
                label="Sync"
                value={only}
                options={[
                  ["", "Synced or not"],
                  ["drift", "Not synced"],
                ]}
                onChange={(value) => set({ sync: value })}
              />
            </div>
            <Silent instances={environments.map((one) => one.state)} />
            {environments
              .filter((one) => !one.state.error && (!chosen || one.state.environment === chosen))
              .map((one) => (
                <Environment
                  key={one.state.environment}
                  environment={one}
                  drift={only === "drift"}
                />
              ))}
          </>
        )}
      </Found>
    </Page>
  );
}

export const SYNC: Record<string, { state: string; label: string }> = {
  Synced: { state: "Succeeded", label: "Synced" },
  OutOfSync: { state: "Waiting", label: "Out of sync" },
  Unknown: { state: "Unknown", label: "Cannot be compared" },
};

function Environment({ environment, drift }: { environment: EnvironmentSync; drift: boolean }) {
  const shown = environment.applications.filter((one) => !drift || one.sync !== "Synced");
  return (
    <Section
      title={environment.state.environment}
      aside={
        environment.head ? (
          <span className="idp-quiet">
            <RiGitBranchLine size={14} aria-hidden /> <Short id={environment.head} length={10} />
          </span>
        ) : undefined
      }
    >
      {shown.length === 0 ? (
        <p className="idp-quiet">
          {drift ? "Everything is as wanted." : "Nothing was ever deployed here."}
        </p>
      ) : (
        <Table
          label={`Applications of ${environment.state.environment}`}
          columns={["Application", "Sync", "Health", "Compared with", "Last sync", "What happened"]}
        >
          {shown.map((one) => (
            <Row key={one.namespace + one.name} application={one} />
          ))}
        </Table>
      )}
    </Section>
  );
}

function Row({ application }: { application: SyncedApplication }) {
  const sync = SYNC[application.sync] ?? { state: "Unknown", label: application.sync };
  return (
    <tr>
      <th scope="row">
        <Link to={to.synced(application.environment, application.namespace, application.name)}>
          {application.name}
        </Link>{" "}
        <small className="idp-quiet">{application.namespace}</small>
      </th>
      <td className="idp-nowrap">
        <Badge {...sync} />
        {application.outOfSync > 0 ? (
          <small className="idp-quiet">
            {" "}
            {application.outOfSync} of {application.objects} objects
          </small>
        ) : null}
      </td>
      <td>
        <Badge state={application.health} />
      </td>
      <td>
        <Short id={application.revision} length={10} />
      </td>
      <td className="idp-nowrap">
        <Time at={application.finishedAt} />
      </td>
      <td className="idp-wide">
        <Words>{application.message}</Words>
      </td>
    </tr>
  );
}
