import { Button, SearchField, Switch, TextField } from "@backstage/ui";
import { RiShieldCheckLine, RiShieldCrossLine } from "@remixicon/react";
import { useDeferredValue, useState } from "react";
import { useSearchParams } from "react-router-dom";
import { useSession } from "../data/hub";
import { useAudit, useChain } from "../data/queries";
import { Page } from "../parts/Page";
import { Empty, Failure, Loading } from "../parts/State";
import { Time } from "../parts/Time";

export function AuditPage() {
  const session = useSession();
  const [parameters, setParameters] = useSearchParams();
  const environment = parameters.get("environment") ?? session.environments.at(-1) ?? "";
  const text = parameters.get("text") ?? "";
  const actor = parameters.get("actor") ?? "";
  const people = parameters.get("platform") !== "true";
  const set = (name: string, value: string) =>
    setParameters(
      (known) => {
        if (value) known.set(name, value);
        else known.delete(name);
        return known;
      },
      { replace: true },
    );
  return (
    <Page title="Audit" lead="Who did what to what, in records that prove each other.">
      <div className="idp-toolbar">
        <select
          className="idp-select"
          aria-label="Environment"
          value={environment}
          onChange={(event) => set("environment", event.target.value)}
        >
          {session.environments.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
        <SearchField
          aria-label="Action or target"
          placeholder="Action or target"
          size="small"
          value={text}
          onChange={(value) => set("text", value)}
        />
        <TextField
          aria-label="Who"
          placeholder="Who"
          size="small"
          value={actor}
          onChange={(value) => set("actor", value)}
        />
        <Switch
          label="People only"
          isSelected={people}
          onChange={(on) => set("platform", on ? "" : "true")}
        />
        <Chain key={environment} environment={environment} />
      </div>
      <Records
        environment={environment}
        text={useDeferredValue(text)}
        actor={useDeferredValue(actor)}
        people={people}
      />
    </Page>
  );
}

function Chain({ environment }: { environment: string }) {
  const [asked, setAsked] = useState(false);
  const chain = useChain(environment, asked);
  const verdict = chain.data;
  return (
    <span className="idp-chain">
      <Button
        size="small"
        variant="secondary"
        isPending={chain.isFetching}
        onPress={() => (asked ? void chain.refetch() : setAsked(true))}
      >
        Verify the chain
      </Button>
      <span role="status">
        {verdict ? (
          verdict.brokenAt === null ? (
            <span className="idp-good">
              <RiShieldCheckLine size={16} aria-hidden /> {verdict.records} records hold
            </span>
          ) : (
            <span className="idp-problem">
              <RiShieldCrossLine size={16} aria-hidden /> broken at {verdict.brokenAt}:{" "}
              {verdict.reason}
            </span>
          )
        ) : null}
        {chain.error ? <span className="idp-problem">{chain.error.message}</span> : null}
      </span>
    </span>
  );
}

function Records(asked: { environment: string; text: string; actor: string; people: boolean }) {
  const query = useAudit(asked.environment, asked.text, asked.actor, asked.people);
  if (query.error && !query.data) {
    return <Failure error={query.error} retry={() => void query.refetch()} />;
  }
  if (!query.data) return <Loading />;
  const records = query.data.pages.flatMap((page) => page.records);
  if (records.length === 0) {
    return (
      <Empty title="No record matches">
        {asked.people
          ? "People did nothing of the kind here."
          : "Nothing of the kind happened here."}
      </Empty>
    );
  }
  return (
    <>
      <div className="idp-card idp-table-scroll">
        <table className="idp-table">
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">Who</th>
              <th scope="col">Did</th>
              <th scope="col">To</th>
              <th scope="col">Answer</th>
              <th scope="col">Record</th>
            </tr>
          </thead>
          <tbody>
            {records.map((record) => (
              <tr key={record.sequence}>
                <td className="idp-nowrap">
                  <Time at={record.time} />
                </td>
                <th scope="row">{record.actor}</th>
                <td>
                  <code>{record.action}</code>
                </td>
                <td>{record.target}</td>
                <td>{answer(record.facts)}</td>
                <td className="idp-nowrap">
                  <span title={record.hash}>{record.sequence}</span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {query.hasNextPage ? (
        <Button
          variant="secondary"
          isPending={query.isFetchingNextPage}
          onPress={() => void query.fetchNextPage()}
        >
          Show older records
        </Button>
      ) : null}
    </>
  );
}

function answer(facts: Record<string, unknown>): string {
  const code = Number(facts.code);
  if (!code) return "";
  return code < 300 ? "done" : code === 403 ? "refused" : `refused (${code})`;
}
