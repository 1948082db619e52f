import { SearchField } from "@backstage/ui";
import { RiArrowRightLine, RiExternalLinkLine } from "@remixicon/react";
import { Link, useParams } from "react-router-dom";
import { stringify } from "yaml";
import { to } from "../app/routes";
import { useSession } from "../data/hub";
import { useParameters } from "../data/parameters";
import { type Difference, type Proof, type Release, useRelease } from "../data/release";
import { Choice } from "../parts/Choice";
import { Facts } from "../parts/Facts";
import { Badge } from "../parts/Health";
import { Page, Section } from "../parts/Page";
import { Severity } from "../parts/Severity";
import { Empty, Found, Silent } from "../parts/State";
import { size } from "../parts/size";
import { Table } from "../parts/Table";
import { Tabs } from "../parts/Tabs";
import { duration, Time } from "../parts/Time";
import { Short, Words } from "../parts/Words";

export default function ReleasePage() {
  const { namespace = "", application = "", version = "" } = useParams();
  const session = useSession();
  const [parameters, set] = useParameters();
  const keys = parameters.get("keys") ?? session.environments[0] ?? "";
  const query = useRelease(namespace, application, version, keys);
  const release = query.data;
  return (
    <Page
      title={`${application} ${version}`}
      crumbs={[
        { label: "Board", to: "/board" },
        { label: application, to: to.application(namespace, application) },
      ]}
      lead={
        release ? (
          <span className="idp-lead-row">
            <span>
              pushed by {release.author}, committed <Time at={release.time} />
            </span>
            <Verdict proofs={release.proofs} error={release.evidenceError} />
          </span>
        ) : undefined
      }
      actions={
        <Choice
          label="Checked with the keys of"
          value={keys}
          options={session.environments.map((name) => [name, `Checked as ${name} does`] as const)}
          onChange={(value) => set({ keys: value })}
        />
      }
    >
      <Found query={query}>{(found) => <Details release={found} />}</Found>
    </Page>
  );
}

function Verdict({ proofs, error }: { proofs: readonly Proof[]; error: string }) {
  if (error) return <Badge state="Unknown" label="Evidence cannot be read" />;
  const bad = proofs.filter((proof) => proof.result !== "holds").length;
  return bad > 0 ? (
    <Badge state="Failed" label={`${bad} proofs are missing or do not count`} />
  ) : (
    <Badge state="Succeeded" label={`${proofs.length} proofs hold`} />
  );
}

function Details({ release }: { release: Release }) {
  return (
    <>
      <Silent instances={release.instances} />
      {release.evidenceError ? (
        <div className="idp-note" data-tone="bad" role="status">
          <span>
            The evidence cannot be read: <Words>{release.evidenceError}</Words>
          </span>
        </div>
      ) : null}
      <Tabs
        name="tab"
        tabs={[
          { id: "contents", label: "Contents", content: () => <Contents release={release} /> },
          {
            id: "packages",
            label: `Packages (${release.packages.length})`,
            content: () => <Packages release={release} />,
          },
          {
            id: "findings",
            label: `Findings (${release.findings.length})`,
            content: () => <Findings release={release} />,
          },
          { id: "proofs", label: "Proofs", content: () => <Proofs release={release} /> },
          {
            id: "differences",
            label: "Differences",
            content: () => <Differences release={release} />,
          },
          {
            id: "promotions",
            label: "Promotions",
            content: () => <Promotions release={release} />,
          },
        ]}
      />
    </>
  );
}

function Contents({ release }: { release: Release }) {
  const { image } = release;
  return (
    <div className="idp-stack">
      <Section title="Where it runs">
        <Places release={release} />
      </Section>
      <Section title="Release">
        <div className="idp-card">
          <Facts
            facts={[
              ["Release", <Short key="d" id={release.digest} />],
              ["Source", release.sourceRepository],
              ["Commit", <Short key="c" id={release.commit} />],
              ["Author", release.author],
              ["Repository", release.repository],
            ]}
          />
        </div>
      </Section>
      {image ? (
        <Section title="Image">
          <div className="idp-card">
            <Facts
              facts={[
                ["Digest", <Short key="d" id={image.digest} />],
                ["Platform", image.platform],
                ["Built", image.created ? <Time key="t" at={image.created} /> : ""],
                ["Runs", <code key="r">{image.command.join(" ")}</code>],
                ["Runtime", image.labels["platform.idp/runtime"] ?? ""],
                ["Base", image.labels["platform.idp/base"] ?? ""],
                ["Size", size(image.layers.reduce((sum, layer) => sum + layer.size, 0))],
              ]}
            />
          </div>
          <Table label="Layers" columns={["Layer", "Size", "Made by"]}>
            {image.layers.map((layer) => (
              <tr key={layer.digest}>
                <th scope="row">
                  <Short id={layer.digest} />
                </th>
                <td className="idp-nowrap">{size(layer.size)}</td>
                <td className="idp-wide">{layer.madeBy}</td>
              </tr>
            ))}
          </Table>
        </Section>
      ) : null}
      <div className="idp-columns">
        <Section title="Application">
          <Yaml value={release.applicationSpec} />
        </Section>
        <Section title="Configuration">
          {release.configuration ? (
            <Yaml value={release.configuration} />
          ) : (
            <p className="idp-quiet">The commit declares no configuration.</p>
          )}
        </Section>
      </div>
    </div>
  );
}

function Yaml({ value }: { value: unknown }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <pre className="idp-card idp-yaml" tabIndex={0}>
      <code>{stringify(value, { lineWidth: 0 })}</code>
    </pre>
  );
}

function Places({ release }: { release: Release }) {
  return (
    <Table label="Where it runs" columns={["Environment", "This release", "Runs there", "Address"]}>
      {release.environments.map((place) => (
        <tr key={place.environment}>
          <th scope="row">{place.environment}</th>
          <td>
            {place.runs ? (
              <Badge
                state={place.health}
                label={`Runs, ${place.ready} ${place.ready === 1 ? "replica" : "replicas"}`}
              />
            ) : place.verified ? (
              <Badge state="Succeeded" label="Was verified" />
            ) : (
              <Badge state="Missing" label={place.known ? "Has not run" : "Not known"} />
            )}
          </td>
          <td>{place.running ? <code>{place.running}</code> : "nothing"}</td>
          <td>
            {place.runs && place.url ? (
              <a href={place.url} target="_blank" rel="noreferrer">
                {place.url.replace(/^https?:\/\//, "")} <RiExternalLinkLine size={14} aria-hidden />
              </a>
            ) : null}
          </td>
        </tr>
      ))}
    </Table>
  );
}

function Packages({ release }: { release: Release }) {
  const [parameters, set] = useParameters();
  const search = parameters.get("package") ?? "";
  const licence = parameters.get("licence") ?? "";
  const licences = [...new Set(release.packages.flatMap((item) => item.licences))].sort();
  const wanted = search.toLowerCase();
  const found = release.packages.filter(
    (item) =>
      `${item.name} ${item.version} ${item.purl}`.toLowerCase().includes(wanted) &&
      (!licence ||
        (licence === "none" ? item.licences.length === 0 : item.licences.includes(licence))),
  );
  return (
    <div className="idp-stack">
      <div className="idp-toolbar">
        <SearchField
          aria-label="Search packages"
          placeholder="Search packages"
          size="small"
          value={search}
          onChange={(value) => set({ package: value })}
        />
        <Choice
          label="Licence"
          value={licence}
          options={[["", "Any licence"], ["none", "None declared"], ...licences]}
          onChange={(value) => set({ licence: value })}
        />
        <span className="idp-quiet" role="status">
          {found.length} of {release.packages.length}
        </span>
      </div>
      {found.length === 0 ? (
        <Empty title="No package matches">
          {release.packages.length === 0
            ? "No bill of materials that holds is in the registry."
            : "Search for a part of a name."}
        </Empty>
      ) : (
        <Table label="Packages" columns={["Package", "Version", "Kind", "Licences"]}>
          {found.slice(0, 1000).map((item) => (
            <tr key={item.name + item.version + item.purl}>
              <th scope="row" title={item.purl}>
                {item.name}
              </th>
              <td>{item.version || "—"}</td>
              <td>{item.kind}</td>
              <td>
                {item.licences.join(", ") || <span className="idp-quiet">none declared</span>}
              </td>
            </tr>
          ))}
        </Table>
      )}
    </div>
  );
}

function Findings({ release }: { release: Release }) {
  return (
    <div className="idp-stack">
      <Table label="Scanners" columns={["Scanner", "Result", "Version", "Why"]}>
        {release.scanners.map((scanner) => (
          <tr key={scanner.name}>
            <th scope="row">{scanner.name}</th>
            <td>
              <Badge
                state={
                  scanner.status === "clean"
                    ? "Succeeded"
                    : scanner.status === "findings"
                      ? "Failed"
                      : "Unknown"
                }
                label={
                  scanner.status === "findings" ? `${scanner.findings} findings` : scanner.status
                }
              />
            </td>
            <td>{scanner.version}</td>
            <td className="idp-wide">
              <Words>{scanner.reason}</Words>
            </td>
          </tr>
        ))}
      </Table>
      {release.findings.length === 0 ? (
        <Empty title="Nothing was found">
          {release.scanners.some((scanner) => scanner.status === "incomplete")
            ? "But not every scanner looked at everything."
            : "Every scanner looked at everything."}
        </Empty>
      ) : (
        <Table label="Findings" columns={["Severity", "Finding", "Where", "Scanner", "Summary"]}>
          {release.findings.map((finding) => (
            <tr key={finding.scanner + finding.name + finding.package + finding.location}>
              <td className="idp-nowrap">
                <Severity severity={finding.severity} />
              </td>
              <th scope="row">
                <Link to={`${to.findings()}?name=${encodeURIComponent(finding.name)}`}>
                  {finding.name}
                </Link>
              </th>
              <td>
                {finding.package ? `${finding.package} ${finding.version}` : finding.location}
              </td>
              <td>{finding.scanner}</td>
              <td className="idp-wide">{finding.summary}</td>
            </tr>
          ))}
        </Table>
      )}
    </div>
  );
}

const RESULT: Record<string, string> = {
  holds: "Succeeded",
  missing: "Failed",
  "does not count": "Unknown",
};

function Proofs({ release }: { release: Release }) {
  return (
    <div className="idp-stack">
      <p className="idp-quiet">
        Checked just now with the keys that {release.checkedBy} has pinned; a log entry is proved by
        the signed state of its signer's transparency log.
      </p>
      <Table
        label="Proofs"
        columns={["Of", "Proof", "Result", "Signed by", "Transparency log", "Logged"]}
      >
        {release.proofs.map((proof) => (
          <tr key={proof.subject + proof.proof + proof.digest + proof.signer}>
            <td>{proof.subject}</td>
            <th scope="row">
              {proof.proof} <Short id={proof.digest} length={8} />
            </th>
            <td>
              <Badge state={RESULT[proof.result] ?? "Unknown"} label={proof.result} />
              {proof.reason ? (
                <p className="idp-problem">
                  <Words>{proof.reason}</Words>
                </p>
              ) : null}
            </td>
            <td>{proof.signer || "—"}</td>
            <td className="idp-nowrap">
              {proof.logEntry === null ? "—" : `entry ${proof.logEntry} of ${proof.logSize}`}
            </td>
            <td className="idp-nowrap">
              <Time at={proof.loggedAt} />
            </td>
          </tr>
        ))}
      </Table>
      <Provenance release={release} />
    </div>
  );
}

function Provenance({ release }: { release: Release }) {
  const { provenance } = release;
  if (provenance === null)
    return <Empty title="No provenance holds">Nobody proved the build.</Empty>;
  return (
    <Section title="Provenance">
      <div className="idp-card">
        <Facts
          facts={[
            ["Builder", provenance.builder.replace(/^https?:\/\//, "")],
            ["Signed by", provenance.signer],
            ["SLSA build level", provenance.level === null ? "" : String(provenance.level)],
            ["Built", <Time key="t" at={provenance.startedAt} />],
            ["Took", duration(provenance.startedAt, provenance.finishedAt)],
            ...Object.entries(provenance.parameters).map(([name, value]) => [name, value] as const),
            ...Object.entries(provenance.tools).map(([name, value]) => [name, value] as const),
          ]}
        />
      </div>
      <Table label="Materials" columns={["Went in", "Digest"]}>
        {provenance.materials.map((material) => (
          <tr key={material.uri + material.name}>
            <th scope="row" className="idp-wide">
              {material.name || material.uri.replace(/^git\+/, "")}
            </th>
            <td>
              <Short id={material.digest.replace(/^[^:]*:/, "")} />
            </td>
          </tr>
        ))}
      </Table>
    </Section>
  );
}

function Differences({ release }: { release: Release }) {
  return (
    <div className="idp-stack">
      {release.environments.map((place) => (
        <Section
          key={place.environment}
          title={`To what runs in ${place.environment}`}
          aside={
            place.running && !place.runs ? (
              <span className="idp-quiet">
                <code>{place.running}</code> <RiArrowRightLine size={14} aria-hidden />{" "}
                <code>{release.version}</code>
              </span>
            ) : undefined
          }
        >
          {place.error ? (
            <p className="idp-problem">{place.error}</p>
          ) : place.runs ? (
            <p className="idp-quiet">This release runs there.</p>
          ) : !place.running ? (
            <p className="idp-quiet">Nothing runs there.</p>
          ) : place.differences.length === 0 ? (
            <p className="idp-quiet">They do not differ.</p>
          ) : (
            <Changed name={place.environment} differences={place.differences} />
          )}
        </Section>
      ))}
    </div>
  );
}

function Changed({ name, differences }: { name: string; differences: readonly Difference[] }) {
  return (
    <Table label={`Differences to ${name}`} columns={["Area", "What", "Runs", "This release"]}>
      {differences.map((one) => (
        <tr key={one.area + one.what}>
          <td>{one.area}</td>
          <th scope="row">{one.what}</th>
          <td className="idp-removed">
            <Words>{one.before ?? "—"}</Words>
          </td>
          <td className="idp-added">
            <Words>{one.after ?? "—"}</Words>
          </td>
        </tr>
      ))}
    </Table>
  );
}

function Promotions({ release }: { release: Release }) {
  if (release.promotions.length === 0) {
    return <Empty title="It was never promoted">The board offers it where it may come next.</Empty>;
  }
  return (
    <Table label="Promotions" columns={["Into", "State", "Started", "By", "What happened"]}>
      {release.promotions.map((promotion) => (
        <tr key={promotion.environment + promotion.name}>
          <th scope="row">
            <Link to={to.promotion(promotion.environment, release.namespace, promotion.name)}>
              {promotion.environment}
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
    </Table>
  );
}
