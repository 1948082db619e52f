import { SearchField } from "@backstage/ui";
import { useState } from "react";
import { Link, useNavigate, useParams } from "react-router-dom";
import { type Kind, useKinds, useTable } from "../data/explore";
import { useSession } from "../data/hub";
import { Page } from "../parts/Page";
import { Empty, Found } from "../parts/State";
import { ExploreObject } from "./ExploreObject";

/** Addresses: `/explore/ENVIRONMENT/(api/VERSION|apis/GROUP/VERSION)/PLURAL[/NAMESPACE]/NAME`. */
interface Address {
  environment: string;
  base: string;
  plural: string;
  rest: readonly string[];
}

export function readAddress(path: string): Address {
  const [environment = "", ...parts] = path.split("/").filter(Boolean).map(decodeURIComponent);
  const length = parts[0] === "apis" ? 3 : 2;
  return {
    environment,
    base: parts.slice(0, length).join("/"),
    plural: parts[length] ?? "",
    rest: parts.slice(length + 1),
  };
}

export default function ExplorePage() {
  const session = useSession();
  const navigate = useNavigate();
  const address = readAddress(useParams()["*"] ?? "");
  const environment = address.environment || (session.environments[0] ?? "");
  const name = address.rest.at(-1);
  return (
    <Page
      title={name ?? (address.plural || "Explore")}
      lead={name ? address.plural : "Every kind of an instance, as its API serves it to you."}
      crumbs={
        address.plural
          ? [
              { label: "Explore", to: `/explore/${environment}` },
              ...(name
                ? [
                    {
                      label: address.plural,
                      to: `/explore/${environment}/${address.base}/${address.plural}`,
                    },
                  ]
                : []),
            ]
          : []
      }
      actions={
        <select
          className="idp-select"
          aria-label="Environment"
          value={environment}
          onChange={(event) =>
            navigate(
              `/explore/${event.target.value}${address.plural && !name ? `/${address.base}/${address.plural}` : ""}`,
            )
          }
        >
          {session.environments.map((known) => (
            <option key={known}>{known}</option>
          ))}
        </select>
      }
    >
      {name ? (
        <ExploreObject
          key={address.rest.join("/")}
          address={{
            environment,
            base: address.base,
            plural: address.plural,
            namespace: address.rest.length > 1 ? address.rest[0] : undefined,
            name,
          }}
        />
      ) : address.plural ? (
        <Objects environment={environment} address={address} />
      ) : (
        <Kinds environment={environment} />
      )}
    </Page>
  );
}

function Kinds({ environment }: { environment: string }) {
  const query = useKinds(environment);
  const [search, setSearch] = useState("");
  return (
    <Found query={query}>
      {(kinds) => {
        const found = kinds.filter((kind) =>
          `${kind.kind} ${kind.plural} ${kind.group}`.toLowerCase().includes(search.toLowerCase()),
        );
        return (
          <>
            <div className="idp-toolbar">
              <SearchField
                aria-label="Search kinds"
                placeholder="Search kinds"
                size="small"
                value={search}
                onChange={setSearch}
              />
            </div>
            {[...grouped(found)].map(([group, members]) => (
              <section key={group} className="idp-section" aria-label={group || "core"}>
                <h2 className="idp-group">{group || "core"}</h2>
                <div className="idp-kinds">
                  {members.map((kind) => (
                    <Link
                      key={kind.plural}
                      className="idp-card idp-kind"
                      to={`/explore/${environment}/${kind.base}/${kind.plural}`}
                    >
                      {kind.kind}
                      <small className="idp-quiet">{kind.version}</small>
                    </Link>
                  ))}
                </div>
              </section>
            ))}
            {found.length === 0 ? <Empty title="No kind has that name" /> : null}
          </>
        );
      }}
    </Found>
  );
}

/** By group, the platform's own first. */
export function grouped(kinds: readonly Kind[]): Map<string, Kind[]> {
  const groups = new Map<string, Kind[]>();
  const rank = (group: string) => (group === "platform.idp" ? 0 : group === "" ? 1 : 2);
  const ordered = [...kinds].sort(
    (one, other) =>
      rank(one.group) - rank(other.group) ||
      one.group.localeCompare(other.group) ||
      one.kind.localeCompare(other.kind),
  );
  for (const kind of ordered) groups.set(kind.group, [...(groups.get(kind.group) ?? []), kind]);
  return groups;
}

function Objects({ environment, address }: { environment: string; address: Address }) {
  const query = useTable(environment, `${address.base}/${address.plural}`);
  const [search, setSearch] = useState("");
  return (
    <Found query={query}>
      {(table) => {
        const columns = table.columnDefinitions
          .map((column, index) => ({ ...column, index }))
          .filter((column) => column.priority === 0);
        const rows = table.rows.filter((row) =>
          `${row.object.metadata.namespace ?? ""}/${row.object.metadata.name}`.includes(search),
        );
        const namespaced = table.rows.some((row) => row.object.metadata.namespace);
        return (
          <>
            <div className="idp-toolbar">
              <SearchField
                aria-label="Search objects"
                placeholder="Search objects"
                size="small"
                value={search}
                onChange={setSearch}
              />
              <span className="idp-quiet">{rows.length} objects</span>
            </div>
            {rows.length === 0 ? (
              <Empty title="No objects">
                There is none of this kind{search ? " with that name" : ""} in {environment}.
              </Empty>
            ) : (
              <div className="idp-card idp-table-scroll">
                <table className="idp-table">
                  <thead>
                    <tr>
                      {columns.map((column) => (
                        <th key={column.name} scope="col">
                          {column.name}
                        </th>
                      ))}
                      {namespaced ? <th scope="col">Namespace</th> : null}
                    </tr>
                  </thead>
                  <tbody>
                    {rows.map((row) => {
                      const { name, namespace } = row.object.metadata;
                      const place = [namespace, name].filter(Boolean).join("/");
                      return (
                        <tr key={place}>
                          {columns.map((column) => (
                            <td key={column.name}>
                              {column.index === 0 ? (
                                <Link
                                  to={`/explore/${environment}/${address.base}/${address.plural}/${place}`}
                                >
                                  {String(row.cells[0])}
                                </Link>
                              ) : (
                                shown(row.cells[column.index])
                              )}
                            </td>
                          ))}
                          {namespaced ? <td>{namespace}</td> : null}
                        </tr>
                      );
                    })}
                  </tbody>
                </table>
              </div>
            )}
          </>
        );
      }}
    </Found>
  );
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
