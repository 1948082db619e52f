import { type Metrics as Measured, useLoad, useMetrics } from "../../data/insight";
import { useParameters } from "../../data/parameters";
import { Bars } from "../../parts/Bars";
import { Choice } from "../../parts/Choice";
import { Figure } from "../../parts/Figure";
import { Found } from "../../parts/State";
import { size } from "../../parts/size";
import { Table } from "../../parts/Table";
import { Time } from "../../parts/Time";

const PERIODS = [
  ["15", "15 minutes"],
  ["60", "1 hour"],
  ["360", "6 hours"],
] as const;

export default function Metrics({
  environment,
  namespace,
  name,
}: {
  environment: string;
  namespace: string;
  name: string;
}) {
  const [parameters, set] = useParameters();
  const minutes = Number(parameters.get("minutes")) || 60;
  const query = useMetrics(environment, namespace, name, minutes);
  return (
    <div className="idp-stack">
      <div className="idp-toolbar">
        <Choice
          label="Time"
          value={String(minutes)}
          options={PERIODS}
          onChange={(value) => set({ minutes: value })}
        />
        <span className="idp-quiet">
          Requests as the gateway of {environment} logged them, processes as the kernel counts them.
        </span>
      </div>
      <Found query={query}>{(metrics) => <Shown metrics={metrics} />}</Found>
    </div>
  );
}

function milliseconds(value: number | null): string {
  return value === null ? "—" : `${value} ms`;
}

function Shown({ metrics }: { metrics: Measured }) {
  const load = useLoad(metrics);
  const now = load.at(-1);
  const failed = metrics.requests > 0 ? (100 * metrics.errors) / metrics.requests : 0;
  const seconds = 60 * metrics.minutes.length;
  const point = (start: string) => start.slice(11, 16);
  return (
    <>
      {metrics.measured ? null : (
        <div className="idp-note" data-tone="attention" role="status">
          The gateway of {metrics.environment} writes no log on this machine: its requests are not
          measured here.
        </div>
      )}
      {metrics.complete ? null : (
        <div className="idp-note" data-tone="attention" role="status">
          The gateway's log does not reach back that far: the first minutes may be missing.
        </div>
      )}
      <div className="idp-figures">
        <Figure label="Requests" value={metrics.requests}>
          {(metrics.requests / seconds).toFixed(2)} a second
        </Figure>
        <Figure label="Errors" value={metrics.errors} tone={metrics.errors ? "bad" : "quiet"}>
          {failed.toFixed(failed > 0 && failed < 1 ? 2 : 0)} % failed
        </Figure>
        <Figure label="Half within" value={milliseconds(metrics.median)}>
          95 in 100 within {milliseconds(metrics.p95)}
        </Figure>
        <Figure
          label="Processors"
          value={now?.processors === null || now === undefined ? "…" : now.processors.toFixed(3)}
        >
          {now?.processors === null || now === undefined ? "measured in 5 s" : "used now"}
        </Figure>
        <Figure label="Memory" value={size(now?.memory ?? 0)}>
          {metrics.replicas.length} {metrics.replicas.length === 1 ? "replica" : "replicas"}
        </Figure>
      </div>
      <div className="idp-columns">
        <div className="idp-card idp-chart">
          <Bars
            label="Requests a minute"
            bars={metrics.minutes.map((minute) => ({
              key: minute.start,
              label: `${point(minute.start)} UTC: ${minute.requests} requests, ${minute.errors} errors`,
              parts: [
                { tone: "bad", value: minute.errors },
                { tone: "busy", value: minute.requests - minute.errors },
              ],
            }))}
          />
        </div>
        <div className="idp-card idp-chart">
          <Bars
            label="95 in 100 took at most, ms"
            bars={metrics.minutes.map((minute) => ({
              key: minute.start,
              label: `${point(minute.start)} UTC: ${milliseconds(minute.p95)}`,
              parts: [{ tone: "attention", value: minute.p95 ?? 0 }],
            }))}
          />
        </div>
        <div className="idp-card idp-chart">
          <Bars
            label="Processors, since this page is open"
            bars={load.map((one, place) => ({
              key: String(place),
              label: one.processors === null ? "not known" : one.processors.toFixed(3),
              parts: [{ tone: "busy", value: one.processors ?? 0 }],
            }))}
          />
        </div>
        <div className="idp-card idp-chart">
          <Bars
            label="Memory in MB, since this page is open"
            bars={load.map((one, place) => ({
              key: String(place),
              label: size(one.memory),
              parts: [{ tone: "good", value: one.memory / 2 ** 20 }],
            }))}
          />
        </div>
      </div>
      {metrics.replicas.length > 0 ? (
        <Table
          label="Replicas"
          columns={["Replica", "Memory", "Processors' time", "Processes", "Started"]}
        >
          {metrics.replicas.map((replica) => (
            <tr key={replica.pod}>
              <th scope="row">{replica.pod}</th>
              <td>{size(replica.memory)}</td>
              <td>{replica.cpuSeconds.toFixed(2)} s</td>
              <td>{replica.processes}</td>
              <td>
                <Time at={replica.startedAt} />
              </td>
            </tr>
          ))}
        </Table>
      ) : (
        <p className="idp-quiet">No replica runs on this machine.</p>
      )}
    </>
  );
}
