import { Button } from "@backstage/ui";
import { RiArrowGoBackLine, RiArrowRightUpLine, RiExternalLinkLine } from "@remixicon/react";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { Link, useParams, useSearchParams } from "react-router-dom";
import { to } from "../app/routes";
import { type Application, type Cell, useApplication, useRights } from "../data/queries";
import { type Place, PromoteDialog, RollBackDialog } from "../parts/Dialogs";
import { Badge } from "../parts/Health";
import { Logs } from "../parts/Logs";
import { Page } from "../parts/Page";
import { PromotionLine } from "../parts/PromotionLine";
import { Empty, Found, Loading, Silent } from "../parts/State";
import { Tabs } from "../parts/Tabs";
import { Time } from "../parts/Time";
import { Tree } from "../parts/Tree";
import { Remedy, Short, Words } from "../parts/Words";

const Metrics = lazy(() => import("./application/Metrics"));
const Configuration = lazy(() => import("./application/Configuration"));
const Dependencies = lazy(() => import("./application/Dependencies"));
const Yaml = lazy(() => import("./application/Yaml"));

export function ApplicationPage() {
  const { namespace = "", name = "" } = useParams();
  const query = useApplication(namespace, name);
  return (
    <Page
      title={name}
      lead={
        <>
          Namespace <code>{namespace}</code>
        </>
      }
      crumbs={[{ label: "Board", to: "/board" }]}
    >
      <Found query={query}>{(application) => <Details application={application} />}</Found>
    </Page>
  );
}

function Details({ application }: { application: Application }) {
  const [parameters, setParameters] = useSearchParams();
  const wanted = parameters.get("environment");
  const environments = application.environments.map((environment) => environment.cell);
  const chosen =
    environments.find((cell) => cell.environment === wanted) ??
    environments.find((cell) => cell.health === "Degraded") ??
    environments[0];
  if (chosen === undefined) return null;
  const choose = (environment: string) =>
    setParameters(
      (known) => {
        known.set("environment", environment);
        return known;
      },
      { replace: true },
    );
  return (
    <>
      <Silent instances={application.instances} />
      <Lane cells={environments} chosen={chosen.environment} choose={choose} />
      <Chosen application={application} cell={chosen} />
      <Tabs
        name="tab"
        tabs={[
          {
            id: "parts",
            label: "Parts",
            content: () => <Parts application={application} cell={chosen} />,
          },
          {
            id: "logs",
            label: "Logs",
            content: () =>
              chosen.version || chosen.ready ? (
                <Logs
                  key={chosen.environment}
                  namespace={application.namespace}
                  name={application.name}
                  environment={chosen.environment}
                />
              ) : (
                <Empty title="Nothing runs here">There is no log in {chosen.environment}.</Empty>
              ),
          },
          {
            id: "metrics",
            label: "Metrics",
            content: () => (
              <Later>
                <Metrics
                  key={chosen.environment}
                  environment={chosen.environment}
                  namespace={application.namespace}
                  name={application.name}
                />
              </Later>
            ),
          },
          {
            id: "configuration",
            label: "Configuration",
            content: () => (
              <Later>
                <Configuration namespace={application.namespace} name={application.name} />
              </Later>
            ),
          },
          {
            id: "dependencies",
            label: "Dependencies",
            content: () => (
              <Later>
                <Dependencies application={application} environment={chosen.environment} />
              </Later>
            ),
          },
          {
            id: "releases",
            label: "Releases",
            content: () => <Releases application={application} />,
          },
          {
            id: "promotions",
            label: "Promotions",
            content: () => <Promotions application={application} />,
          },
          {
            id: "events",
            label: "Events",
            content: () => <Events application={application} cell={chosen} />,
          },
          {
            id: "yaml",
            label: "YAML",
            content: () => (
              <Later>
                <Yaml
                  environment={chosen.environment}
                  namespace={application.namespace}
                  name={application.name}
                />
              </Later>
            ),
          },
        ]}
      />
    </>
  );
}

/** A tab that comes when it is asked for. */
function Later({ children }: { children: ReactNode }) {
  return <Suspense fallback={<Loading rows={3} />}>{children}</Suspense>;
}

/** The road to production: a stop for each environment; the chosen one is shown below. */
function Lane({
  cells,
  chosen,
  choose,
}: {
  cells: readonly Cell[];
  chosen: string;
  choose: (environment: string) => void;
}) {
  return (
    <fieldset className="idp-lane">
      <legend className="idp-hidden">Environment</legend>
      {cells.map((cell) => (
        <label
          key={cell.environment}
          className="idp-stop"
          data-chosen={cell.environment === chosen}
        >
          <input
            type="radio"
            name="environment"
            value={cell.environment}
            checked={cell.environment === chosen}
            onChange={() => choose(cell.environment)}
          />
          <span className="idp-stop-name">{cell.environment}</span>
          <Badge
            state={cell.underWay?.waitsForApproval ? "Waiting" : cell.health}
            {...(cell.underWay && !cell.underWay.waitsForApproval ? { label: "Promoting" } : {})}
          />
          <span className="idp-stop-version">
            {cell.version ? (
              <code>{cell.version}</code>
            ) : (
              <span className="idp-quiet">nothing yet</span>
            )}
            <small className="idp-quiet">
              <Time at={cell.deployedAt} />
            </small>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function Chosen({ application, cell }: { application: Application; cell: Cell }) {
  const { namespace, name } = application;
  const rights = useRights(namespace).get(cell.environment);
  const [asked, setAsked] = useState<"promote" | "rollback" | null>(null);
  const place: Place = { namespace, name, cell };
  const free = cell.underWay === null;
  const close = () => setAsked(null);
  const progress = cell.underWay ?? cell.failed;
  return (
    <section className="idp-card idp-chosen" aria-label={`${name} in ${cell.environment}`}>
      <div className="idp-chosen-text">
        {cell.message ? (
          <p>
            <Words>{cell.message}</Words>
          </p>
        ) : (
          <p className="idp-quiet">Nothing is deployed in {cell.environment}.</p>
        )}
        <Remedy>{cell.remedy}</Remedy>
        {cell.drifted ? (
          <p className="idp-problem">What runs differs from the environment's repository.</p>
        ) : null}
        {progress ? (
          <PromotionLine brief={progress} environment={cell.environment} namespace={namespace} />
        ) : null}
        <dl className="idp-facts">
          {cell.url ? (
            <div>
              <dt>Address</dt>
              <dd>
                <a href={cell.url} target="_blank" rel="noreferrer">
                  {cell.url.replace(/^https?:\/\//, "")}
                  <RiExternalLinkLine size={14} aria-hidden />
                </a>
              </dd>
            </div>
          ) : null}
          {cell.digest ? (
            <div>
              <dt>Runs</dt>
              <dd>
                <Short id={cell.digest} />
              </dd>
            </div>
          ) : null}
          {cell.ready > 0 ? (
            <div>
              <dt>Replicas ready</dt>
              <dd>{cell.ready}</dd>
            </div>
          ) : null}
        </dl>
      </div>
      <div className="idp-actions">
        {free && rights?.promote && cell.candidate ? (
          <Button
            variant="primary"
            iconStart={<RiArrowRightUpLine />}
            onPress={() => setAsked("promote")}
          >
            Promote {cell.candidate.version}
          </Button>
        ) : null}
        {free && rights?.rollback && cell.backTo ? (
          <Button
            variant="secondary"
            iconStart={<RiArrowGoBackLine />}
            onPress={() => setAsked("rollback")}
          >
            Roll back to {cell.backTo}
          </Button>
        ) : null}
      </div>
      {asked === "promote" ? <PromoteDialog place={place} close={close} /> : null}
      {asked === "rollback" ? <RollBackDialog place={place} close={close} /> : null}
    </section>
  );
}

function Parts({ application, cell }: { application: Application; cell: Cell }) {
  const tree =
    application.environments.find((e) => e.cell.environment === cell.environment)?.tree ?? [];
  if (tree.length === 0) {
    return <Empty title="Nothing is deployed here">A release arrives by promotion.</Empty>;
  }
  return (
    <div className="idp-card">
      <Tree nodes={tree} />
    </div>
  );
}

function Releases({ application }: { application: Application }) {
  if (application.releases.length === 0) {
    return (
      <Empty title="No release yet">
        A <code>git push</code> to <code>main</code> cuts one.
      </Empty>
    );
  }
  return (
    <div className="idp-card idp-table-scroll">
      <table className="idp-table">
        <thead>
          <tr>
            <th scope="col">Version</th>
            <th scope="col">Commit</th>
            <th scope="col">Author</th>
            <th scope="col">Committed</th>
            <th scope="col">Verified in</th>
            <th scope="col">Runs in</th>
            <th scope="col">Image</th>
          </tr>
        </thead>
        <tbody>
          {application.releases.map((release) => (
            <tr key={release.digest}>
              <th scope="row">
                <Link to={to.release(application.namespace, application.name, release.version)}>
                  {release.version}
                </Link>
              </th>
              <td>
                <Short id={release.commit} length={10} />
              </td>
              <td>{release.author}</td>
              <td>
                <Time at={release.time} />
              </td>
              <td>{release.verifiedIn.join(", ") || "—"}</td>
              <td>{release.runsIn.join(", ") || "—"}</td>
              <td>
                <Short id={release.image} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Promotions({ application }: { application: Application }) {
  if (application.promotions.length === 0) {
    return <Empty title="No promotion yet">The first release starts one.</Empty>;
  }
  return (
    <div className="idp-card idp-table-scroll">
      <table className="idp-table">
        <thead>
          <tr>
            <th scope="col">Promotion</th>
            <th scope="col">State</th>
            <th scope="col">Started</th>
            <th scope="col">By</th>
            <th scope="col">What happened</th>
          </tr>
        </thead>
        <tbody>
          {application.promotions.map((promotion) => (
            <tr key={promotion.environment + promotion.name}>
              <th scope="row">
                <Link
                  to={to.promotion(promotion.environment, application.namespace, promotion.name)}
                >
                  {promotion.action === "rollback"
                    ? `Rollback in ${promotion.environment}`
                    : `${promotion.release} to ${promotion.environment}`}
                </Link>
              </th>
              <td>
                <Badge state={promotion.waitsForApproval ? "Waiting" : promotion.phase} />
              </td>
              <td>
                <Time at={promotion.createdAt} />
              </td>
              <td>{promotion.initiator}</td>
              <td className="idp-wide">
                <Words>{promotion.message}</Words>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Events({ application, cell }: { application: Application; cell: Cell }) {
  const events = application.events.filter((event) => event.environment === cell.environment);
  if (events.length === 0) {
    return <Empty title="No events">Nothing was reported in {cell.environment} lately.</Empty>;
  }
  return (
    <div className="idp-card idp-table-scroll">
      <table className="idp-table">
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">Reason</th>
            <th scope="col">About</th>
            <th scope="col">Message</th>
          </tr>
        </thead>
        <tbody>
          {events.map((event) => (
            <tr key={`${event.about}${event.reason}${event.time}${event.message}`}>
              <td className="idp-nowrap">
                <Time at={event.time} />
              </td>
              <td>
                <Badge state={event.warning ? "Failed" : "Pending"} label={event.reason} />
                {event.count > 1 ? <small> {event.count} times</small> : null}
              </td>
              <td>{event.about}</td>
              <td className="idp-wide">
                <Words>{event.message}</Words>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
