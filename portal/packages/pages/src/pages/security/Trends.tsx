import { Link } from "react-router-dom";
import { to } from "../../app/routes";
import { useParameters } from "../../data/parameters";
import { type Standing, useStandings } from "../../data/security";
import { Bars } from "../../parts/Bars";
import { Section } from "../../parts/Page";
import { Empty, Found } from "../../parts/State";
import { Table } from "../../parts/Table";
import { Time } from "../../parts/Time";

export function Trends({ environment }: { environment: string }) {
  const [parameters, set] = useParameters();
  const namespace = parameters.get("namespace") ?? "";
  const application = parameters.get("application") ?? "";
  const all = useStandings(environment, "", "");
  const one = useStandings(environment, namespace, application);
  const chosen = namespace && application ? one.data : undefined;
  return (
    <Found query={all}>
      {(report) =>
        report.applications.length === 0 ? (
          <Empty title="Nothing was found yet">
            An application appears here when a scanner found something in it.
          </Empty>
        ) : (
          <div className="idp-stack">
            <Standings
              standings={report.applications}
              chosen={`${namespace}/${application}`}
              choose={(standing) =>
                set({ namespace: standing.namespace, application: standing.application })
              }
            />
            {chosen ? (
              <Section title={`Scans of ${application}`}>
                {chosen.trend.length === 0 ? (
                  <p className="idp-quiet">It was not scanned in {environment}.</p>
                ) : (
                  <>
                    <div className="idp-card idp-chart">
                      <Bars
                        label="Findings after each scan"
                        bars={chosen.trend.map((scan) => ({
                          key: scan.time + scan.image,
                          label: `${scan.time}: ${scan.critical} critical, ${scan.high} high, ${scan.medium} medium, ${scan.low} low, ${scan.unscored} unscored`,
                          parts: [
                            { tone: "bad", value: scan.critical + scan.high },
                            { tone: "attention", value: scan.medium + scan.unscored },
                            { tone: "quiet", value: scan.low },
                          ],
                        }))}
                      />
                    </div>
                    <Table
                      label="Scans"
                      columns={[
                        "When",
                        "Came",
                        "Went",
                        "Critical",
                        "High",
                        "Medium",
                        "Low",
                        "Unscored",
                        "Incomplete",
                      ]}
                    >
                      {[...chosen.trend].reverse().map((scan) => (
                        <tr key={scan.time + scan.image}>
                          <th scope="row">
                            <Time at={scan.time} />
                          </th>
                          <td>{scan.added}</td>
                          <td>{scan.fixed}</td>
                          <td>{scan.critical}</td>
                          <td>{scan.high}</td>
                          <td>{scan.medium}</td>
                          <td>{scan.low}</td>
                          <td>{scan.unscored}</td>
                          <td>{scan.incomplete}</td>
                        </tr>
                      ))}
                    </Table>
                  </>
                )}
              </Section>
            ) : null}
          </div>
        )
      }
    </Found>
  );
}

function Standings({
  standings,
  chosen,
  choose,
}: {
  standings: readonly Standing[];
  chosen: string;
  choose: (standing: Standing) => void;
}) {
  return (
    <Table
      label="How applications stand"
      columns={[
        "Application",
        "Critical",
        "High",
        "Medium",
        "Low",
        "Unscored",
        "Excepted",
        "Overdue",
        "Fixed",
        "Days to fix",
        "Next due",
        "Trend",
      ]}
    >
      {standings.map((standing) => (
        <tr key={standing.namespace + standing.application}>
          <th scope="row">
            <Link to={to.application(standing.namespace, standing.application)}>
              {standing.application}
            </Link>
          </th>
          <td className={standing.critical ? "idp-problem" : ""}>{standing.critical}</td>
          <td className={standing.high ? "idp-problem" : ""}>{standing.high}</td>
          <td>{standing.medium}</td>
          <td>{standing.low}</td>
          <td>{standing.unscored}</td>
          <td>{standing.excepted}</td>
          <td className={standing.overdue ? "idp-problem" : ""}>{standing.overdue}</td>
          <td>{standing.fixed}</td>
          <td>{standing.days_to_fix ?? "—"}</td>
          <td className="idp-nowrap">
            <Time at={standing.next_due} />
          </td>
          <td>
            <button
              type="button"
              className="idp-next idp-next-inline"
              aria-pressed={chosen === `${standing.namespace}/${standing.application}`}
              onClick={() => choose(standing)}
            >
              Scans <span className="idp-hidden">of {standing.application}</span>
            </button>
          </td>
        </tr>
      ))}
    </Table>
  );
}
