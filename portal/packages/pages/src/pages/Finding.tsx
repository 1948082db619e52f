import { Button } from "@backstage/ui";
import { RiDownloadLine, RiShieldLine } from "@remixicon/react";
import { Link, useNavigate, useParams } from "react-router-dom";
import { to } from "../app/routes";
import { useSession } from "../data/hub";
import { type Finding, useExceptions, useFindings, useVex } from "../data/security";
import { Choice } from "../parts/Choice";
import { Facts } from "../parts/Facts";
import { Page, Section } from "../parts/Page";
import { Refused } from "../parts/Refused";
import { Severity } from "../parts/Severity";
import { Empty, Found } from "../parts/State";
import { Time } from "../parts/Time";
import { Short } from "../parts/Words";
import { ExceptionTable } from "./security/Exceptions";
import { FindingState } from "./security/Findings";

/** One finding by its id: every place where it is in an environment, and what was agreed about it. */
export default function FindingPage() {
  const { environment = "", name = "" } = useParams();
  const session = useSession();
  const navigate = useNavigate();
  const query = useFindings({
    environment,
    namespace: "",
    application: "",
    state: "",
    band: "",
    scanner: "",
    name,
    overdue: false,
    order: "application",
    offset: 0,
  });
  const first = query.data?.findings[0];
  return (
    <Page
      title={name}
      crumbs={[
        { label: "Security", to: "/security" },
        { label: environment, to: `/security?environment=${encodeURIComponent(environment)}` },
      ]}
      lead={
        first ? (
          <span className="idp-lead-row">
            <Severity severity={first.severity} />
            <span>{first.summary}</span>
          </span>
        ) : undefined
      }
      actions={
        <Choice
          label="Environment"
          value={environment}
          options={session.environments}
          onChange={(value) => navigate(to.finding(value, name))}
        />
      }
    >
      <Found query={query}>
        {(page) =>
          page.findings.length === 0 ? (
            <Empty title={`It was not found in ${environment}`}>
              No scanner reported it for what is or was there.
            </Empty>
          ) : (
            <>
              <Section title={page.total === 1 ? "Where it is" : `Where it is (${page.total})`}>
                {page.findings.map((finding) => (
                  <Place
                    key={finding.namespace + finding.application + finding.fingerprint}
                    environment={environment}
                    finding={finding}
                  />
                ))}
              </Section>
              <Agreed environment={environment} names={namesOf(page.findings)} />
            </>
          )
        }
      </Found>
    </Page>
  );
}

function namesOf(findings: readonly Finding[]): Set<string> {
  return new Set(findings.flatMap((finding) => [finding.finding, ...finding.aliases]));
}

function Place({ environment, finding }: { environment: string; finding: Finding }) {
  const vex = useVex(environment, finding.namespace, finding.application);
  const save = () =>
    vex.mutate(undefined, {
      onSuccess: (document_) => {
        const link = document.createElement("a");
        const text = JSON.stringify(document_, null, 2);
        link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
        link.download = `${finding.application}-${environment}.openvex.json`;
        link.click();
        URL.revokeObjectURL(link.href);
      },
    });
  const asking = new URLSearchParams({
    tab: "exceptions",
    ask: "exception",
    environment,
    namespace: finding.namespace,
    application: finding.application,
    finding: finding.finding,
  });
  return (
    <article className="idp-card" aria-label={`${finding.finding} in ${finding.application}`}>
      <div className="idp-card-head">
        <strong>
          <Link to={to.application(finding.namespace, finding.application)}>
            {finding.application}
          </Link>
        </strong>
        <FindingState finding={finding} />
      </div>
      <Facts
        facts={[
          ["Where", finding.package ? `${finding.package} ${finding.version}` : finding.location],
          ["Scanner", finding.scanner],
          ["Also known as", finding.aliases.join(", ")],
          ["Owner", finding.owner],
          ["Due", finding.state === "open" ? <Time key="d" at={finding.due} /> : ""],
          ["First seen", <Time key="f" at={finding.first_seen} />],
          ["Last seen", <Time key="l" at={finding.last_seen} />],
          ["First image", <Short key="i" id={finding.first_image} />],
          ["Last image", <Short key="j" id={finding.last_image} />],
          ["Fixed", finding.fixed_at ? <Time key="x" at={finding.fixed_at} /> : ""],
          [
            "Excepted until",
            finding.excepted_until ? <Time key="e" at={finding.excepted_until} /> : "",
          ],
          ["Not affected because", finding.justification.replaceAll("_", " ")],
        ]}
      />
      <div className="idp-card-actions">
        {finding.state === "open" ? (
          <Link className="idp-more" to={`/security?${asking}`}>
            <RiShieldLine size={14} aria-hidden /> Ask for an exception
          </Link>
        ) : null}
        <Button
          size="small"
          variant="tertiary"
          iconStart={<RiDownloadLine />}
          isPending={vex.isPending}
          onPress={save}
        >
          OpenVEX of {finding.application}
        </Button>
      </div>
      <Refused error={vex.error} />
    </article>
  );
}

function Agreed({ environment, names }: { environment: string; names: ReadonlySet<string> }) {
  const query = useExceptions();
  return (
    <Section title="Exceptions">
      <Found query={query}>
        {(found) => {
          const concerned = found.exceptions.filter(
            (one) => one.environment === environment && names.has(one.finding),
          );
          return concerned.length === 0 ? (
            <p className="idp-quiet">Nobody asked for one in {environment}.</p>
          ) : (
            <ExceptionTable exceptions={concerned} />
          );
        }}
      </Found>
    </Section>
  );
}
