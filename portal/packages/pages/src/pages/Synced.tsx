import { Button, Switch } from "@backstage/ui";
import { RiRefreshLine } from "@remixicon/react";
import { Link, useParams } from "react-router-dom";
import { to } from "../app/routes";
import { type SyncDetail, type SyncedObject, useSync, useSynced } from "../data/gitops";
import { useParameters } from "../data/parameters";
import { Facts } from "../parts/Facts";
import { Badge } from "../parts/Health";
import { Page, Section } from "../parts/Page";
import { Refused } from "../parts/Refused";
import { Empty, Found } from "../parts/State";
import { Table } from "../parts/Table";
import { Tabs } from "../parts/Tabs";
import { Time } from "../parts/Time";
import { Short, Words } from "../parts/Words";
import { SYNC } from "./GitOps";

export default function SyncedPage() {
  const { environment = "", namespace = "", name = "" } = useParams();
  const query = useSynced(environment, namespace, name);
  const sync = useSync(environment, namespace, name);
  const application = query.data?.application;
  return (
    <Page
      title={`${name} in ${environment}`}
      crumbs={[
        { label: "GitOps", to: "/gitops" },
        { label: environment, to: `/gitops?environment=${encodeURIComponent(environment)}` },
      ]}
      lead={
        application ? (
          <span className="idp-lead-row">
            <Badge {...(SYNC[application.sync] ?? { state: "Unknown", label: application.sync })} />
            <Badge state={application.health} />
            <span>
              {application.automated
                ? `syncs by itself${application.selfHeal ? " and undoes what others change" : ""}`
                : "syncs when somebody asks"}
            </span>
          </span>
        ) : undefined
      }
      actions={
        query.data?.maySync ? (
          <Button
            variant="primary"
            iconStart={<RiRefreshLine />}
            isPending={sync.isPending}
            onPress={() => sync.mutate(true)}
          >
            Sync now
          </Button>
        ) : undefined
      }
    >
      <Refused error={sync.error} />
      <Found query={query}>{(found) => <Details detail={found} />}</Found>
    </Page>
  );
}

function Details({ detail }: { detail: SyncDetail }) {
  const { application } = detail;
  return (
    <>
      {detail.problems.map((problem) => (
        <div key={problem} className="idp-note" data-tone="bad" role="status">
          <Words>{problem}</Words>
        </div>
      ))}
      {detail.behind ? (
        <div className="idp-note" data-tone="attention" role="status">
          There is a newer commit than what was compared last; the engine looks within a minute.
        </div>
      ) : null}
      <div className="idp-card">
        <Facts
          facts={[
            ["Release that Git wants", detail.release],
            ["Compared with", <Short key="r" id={application.revision} />],
            ["Newest commit of all", <Short key="h" id={detail.head} />],
            ["Folder", <code key="p">{application.path}</code>],
            ["Last sync", application.operation],
            ["Ended", application.finishedAt ? <Time key="f" at={application.finishedAt} /> : ""],
            [
              "Application",
              <Link key="a" to={to.application(application.namespace, application.name)}>
                {application.name}
              </Link>,
            ],
          ]}
        />
        {application.message ? (
          <p className="idp-card-text">
            <Words>{application.message}</Words>
          </p>
        ) : null}
      </div>
      <Tabs
        name="tab"
        tabs={[
          {
            id: "differences",
            label: "Wanted and live",
            content: () => <Objects detail={detail} />,
          },
          { id: "commits", label: "Commits", content: () => <Commits detail={detail} /> },
        ]}
      />
    </>
  );
}

function Objects({ detail }: { detail: SyncDetail }) {
  const [parameters, set] = useParameters();
  const all = parameters.get("fields") === "all";
  if (detail.objects.length === 0) {
    return <Empty title="It has no objects">The folder in Git holds none.</Empty>;
  }
  return (
    <div className="idp-stack">
      <div className="idp-toolbar">
        <Switch
          label="Every field"
          isSelected={all}
          onChange={(on) => set({ fields: on ? "all" : "" })}
        />
      </div>
      {detail.objects.map((object) => (
        <ObjectFields key={object.kind + object.name} object={object} all={all} />
      ))}
    </div>
  );
}

const STATE: Record<string, { state: string; label: string }> = {
  same: { state: "Succeeded", label: "As wanted" },
  different: { state: "Failed", label: "Differs" },
  missing: { state: "Failed", label: "Is missing" },
  unstated: { state: "Pending", label: "Not in Git" },
};

function ObjectFields({ object, all }: { object: SyncedObject; all: boolean }) {
  const differing = object.fields.filter((one) => ["different", "missing"].includes(one.state));
  const same = object.fields.filter((one) => one.state === "same").length;
  const shown = all ? object.fields : differing;
  return (
    <Section
      title={`${object.kind} ${object.name}`}
      aside={<Badge {...(SYNC[object.sync] ?? { state: "Unknown", label: object.sync })} />}
    >
      {object.message ? (
        <p className="idp-quiet">
          <Words>{object.message}</Words>
        </p>
      ) : null}
      {object.error ? <p className="idp-problem">{object.error}</p> : null}
      {shown.length === 0 ? (
        object.error ? null : (
          <p className="idp-quiet">All {same} fields that Git states are as wanted.</p>
        )
      ) : (
        <Table
          label={`Fields of ${object.kind} ${object.name}`}
          columns={["Field", "State", "Git wants", "Is there"]}
        >
          {shown.map((one) => (
            <tr key={one.path}>
              <th scope="row">
                <code>{one.path}</code>
              </th>
              <td className="idp-nowrap">
                <Badge {...(STATE[one.state] ?? { state: "Unknown" })} />
              </td>
              <td className={one.state === "different" ? "idp-added" : "idp-value"}>
                <Words>{one.wanted ?? "—"}</Words>
              </td>
              <td className={one.state === "different" ? "idp-removed" : "idp-value"}>
                <Words>{one.live ?? "—"}</Words>
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Section>
  );
}

function Commits({ detail }: { detail: SyncDetail }) {
  if (detail.commits.length === 0)
    return <Empty title="No commit yet">A promotion makes one.</Empty>;
  return (
    <Table label="Commits" columns={["Commit", "What", "Who", "When", "Promotion"]}>
      {detail.commits.map((commit) => (
        <tr key={commit.id}>
          <th scope="row">
            <Short id={commit.id} length={10} />{" "}
            {commit.deployed ? <Badge state="Succeeded" label="Is compared" /> : null}
          </th>
          <td className="idp-wide">
            {commit.subject}
            {commit.reason ? <p className="idp-quiet">{commit.reason}</p> : null}
          </td>
          <td>{commit.author}</td>
          <td className="idp-nowrap">
            <Time at={commit.time} />
          </td>
          <td>
            {commit.promotion ? (
              <Link
                to={to.promotion(
                  detail.application.environment,
                  commit.promotionNamespace,
                  commit.promotion,
                )}
              >
                {commit.promotion}
              </Link>
            ) : (
              "—"
            )}
          </td>
        </tr>
      ))}
    </Table>
  );
}
