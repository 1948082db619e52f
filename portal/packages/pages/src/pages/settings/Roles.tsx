import { useState } from "react";
import { type InstanceRoles, useRoles } from "../../data/settings";
import { Empty, Found } from "../../parts/State";
import { Words } from "../../parts/Words";

type Grant = InstanceRoles["grants"][number];

/** Who may do what, as the instance's RBAC says it. */
export function Roles() {
  const query = useRoles();
  const [chosen, setChosen] = useState("");
  return (
    <Found query={query}>
      {(instances) => {
        const instance =
          instances.find((known) => known.environment === chosen) ?? instances[0] ?? null;
        return (
          <div className="idp-stack">
            <div className="idp-toolbar">
              <select
                className="idp-select"
                aria-label="Environment"
                value={instance?.environment ?? ""}
                onChange={(event) => setChosen(event.target.value)}
              >
                {instances.map((known) => (
                  <option key={known.environment}>{known.environment}</option>
                ))}
              </select>
              <span className="idp-quiet">
                Groups are given to users; the instance decides what a group may.
              </span>
            </div>
            {instance?.error ? (
              <div className="idp-note" data-tone="attention" role="status">
                <Words>{instance.error}</Words>
              </div>
            ) : null}
            {instance && !instance.error ? <Grants grants={instance.grants} /> : null}
          </div>
        );
      }}
    </Found>
  );
}

function Grants({ grants }: { grants: readonly Grant[] }) {
  if (grants.length === 0) return <Empty title="Nobody has a role here" />;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <section className="idp-card idp-table-scroll" tabIndex={0} aria-label="Roles">
      <table className="idp-table">
        <thead>
          <tr>
            <th scope="col">Who</th>
            <th scope="col">Role</th>
            <th scope="col">Where</th>
            <th scope="col">May</th>
          </tr>
        </thead>
        <tbody>
          {grants.map((grant) => (
            <tr key={`${grant.subjectKind} ${grant.subject} ${grant.namespace} ${grant.role}`}>
              <td>{grant.subject}</td>
              <td>{grant.role}</td>
              <td>{grant.namespace || "everywhere"}</td>
              <td className="idp-wide">
                <ul className="idp-plain">
                  {grant.rules.map((rule) => (
                    <li key={JSON.stringify(rule)}>
                      <strong>
                        {rule.verbs.includes("*") ? "anything" : rule.verbs.join(", ")}
                      </strong>{" "}
                      {rule.resources.includes("*")
                        ? `any kind${rule.groups.includes("*") ? "" : ` of ${rule.groups.join(", ")}`}`
                        : rule.resources.join(", ")}
                      {rule.names.length > 0 ? ` named ${rule.names.join(", ")}` : ""}
                    </li>
                  ))}
                </ul>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
