import { Switch } from "@backstage/ui";
import { type Settings, useSettings } from "../../data/insight";
import { useParameters } from "../../data/parameters";
import { Section } from "../../parts/Page";
import { Found } from "../../parts/State";
import { Table } from "../../parts/Table";
import { Words } from "../../parts/Words";

type Place = Settings["environments"][number];

/** What the application is told in each environment, side by side. */
export default function Configuration({ namespace, name }: { namespace: string; name: string }) {
  const query = useSettings(namespace, name);
  const [parameters, set] = useParameters();
  const differing = parameters.get("values") === "differing";
  return (
    <Found query={query}>
      {(settings) => (
        <div className="idp-stack">
          <div className="idp-toolbar">
            <Switch
              label="Only what differs"
              isSelected={differing}
              onChange={(on) => set({ values: on ? "differing" : "" })}
            />
          </div>
          <Section title="Configuration">
            <Compared
              label="Configuration by environment"
              places={settings.environments}
              values={(place) => place.configuration}
              differing={differing}
            />
            {settings.environments
              .filter((place) => place.message)
              .map((place) => (
                <small key={place.environment} className="idp-quiet">
                  {place.environment}: {place.message}
                </small>
              ))}
          </Section>
          <Section title="Application">
            <Compared
              label="Application by environment"
              places={settings.environments}
              values={(place) => place.application}
              differing={differing}
            />
          </Section>
        </div>
      )}
    </Found>
  );
}

function Compared({
  label,
  places,
  values,
  differing,
}: {
  label: string;
  places: readonly Place[];
  values: (place: Place) => Record<string, string>;
  differing: boolean;
}) {
  const there = places.filter((place) => place.manifest !== null);
  const paths = [...new Set(there.flatMap((place) => Object.keys(values(place))))].sort();
  const differs = (path: string) => new Set(there.map((place) => values(place)[path])).size > 1;
  const shown = differing ? paths.filter(differs) : paths;
  if (shown.length === 0) {
    return (
      <p className="idp-quiet">
        {paths.length === 0 ? "There is none." : "It is the same everywhere."}
      </p>
    );
  }
  return (
    <Table label={label} columns={["Value", ...places.map((place) => place.environment)]}>
      {shown.map((path) => (
        <tr key={path} data-differs={differs(path)}>
          <th scope="row">
            <code>{path}</code>
            {differs(path) ? <span className="idp-hidden"> (differs)</span> : null}
          </th>
          {places.map((place) => (
            <td key={place.environment} className="idp-value">
              {place.manifest === null ? (
                <span className="idp-quiet">not deployed</span>
              ) : (
                <Words>{values(place)[path] ?? "—"}</Words>
              )}
            </td>
          ))}
        </tr>
      ))}
    </Table>
  );
}
