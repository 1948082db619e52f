import { Link } from "react-router-dom";
import { type Profile, useProfiles } from "../../data/security";
import { Badge } from "../../parts/Health";
import { Found, Silent } from "../../parts/State";
import { Table } from "../../parts/Table";

const BANDS = ["critical", "high", "medium", "low", "unscored"];
const ACTION: Record<string, { state: string; label: string }> = {
  deny: { state: "Failed", label: "Refused" },
  approve: { state: "Waiting", label: "Must be accepted" },
  track: { state: "Unknown", label: "Obligation" },
  record: { state: "Pending", label: "Noted" },
};

function Action({ action }: { action: string | undefined }) {
  return action ? <Badge {...(ACTION[action] ?? { state: "Unknown", label: action })} /> : null;
}

/** The rules side by side, in the order in which a release passes them. */
export function Profiles() {
  const query = useProfiles();
  return (
    <Found query={query}>
      {(profiles) => {
        const tools = [...new Set(profiles.flatMap((one) => Object.keys(one.tools)))].sort();
        const row = (name: string, value: (profile: Profile) => React.ReactNode) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            {profiles.map((profile) => (
              <td key={profile.state.environment}>{profile.version ? value(profile) : "—"}</td>
            ))}
          </tr>
        );
        return (
          <div className="idp-stack">
            <Silent instances={profiles.map((one) => one.state)} />
            <Table
              label="Rules by environment"
              columns={["Rule", ...profiles.map((one) => one.state.environment)]}
            >
              {BANDS.map((band) =>
                row(`${band === "unscored" ? "An" : "A"} ${band} finding`, (profile) => (
                  <>
                    <Action action={profile.severity[band]} />
                    <br />
                    <small className="idp-quiet">gone in {profile.dueDays[band]} days</small>
                  </>
                )),
              )}
              {row("An incomplete report", (profile) => (
                <Action action={profile.incomplete} />
              ))}
              {tools.map((tool) =>
                row(`Scanner ${tool}`, (profile) =>
                  profile.tools[tool] === "run"
                    ? "runs here"
                    : profile.tools[tool] === "off"
                      ? "off"
                      : "as attested",
                ),
              )}
              {row("Evidence demanded", (profile) => profile.evidence.join(", "))}
              {row("Advisories at most", (profile) => `${profile.advisoriesDays} days old`)}
              {row("Reports at most", (profile) => `${profile.scansDays} days old`)}
              {row("Decided by", (profile) => profile.decidedBy)}
              {row("Object", (profile) => (
                <Link
                  to={`/explore/${profile.state.environment}/apis/platform.idp/v1alpha1/securityprofiles/default`}
                >
                  YAML<span className="idp-hidden"> of {profile.state.environment}</span>
                </Link>
              ))}
            </Table>
          </div>
        );
      }}
    </Found>
  );
}
