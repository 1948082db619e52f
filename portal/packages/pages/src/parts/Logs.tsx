import { Button, SearchField, Switch } from "@backstage/ui";
import { RiDownloadLine } from "@remixicon/react";
import { useEffect, useMemo, useRef, useState } from "react";
import { useLog } from "../data/live";

const SHOWN = 2_000;

/** What an application writes, all replicas together, as it is written. */
export function Logs({
  namespace,
  name,
  environment,
}: {
  namespace: string;
  name: string;
  environment: string;
}) {
  const [follow, setFollow] = useState(true);
  const [search, setSearch] = useState("");
  const { lines, state } = useLog(namespace, name, environment, follow);
  const box = useRef<HTMLDivElement>(null);
  const wanted = search.toLowerCase();
  const found = useMemo(
    () => lines.filter((line) => line.text.toLowerCase().includes(wanted)).slice(-SHOWN),
    [lines, wanted],
  );
  const several = new Set(lines.map((line) => line.pod)).size > 1;
  // biome-ignore lint/correctness/useExhaustiveDependencies: new lines move the end
  useEffect(() => {
    const element = box.current;
    if (follow && element) element.scrollTop = element.scrollHeight;
  }, [found, follow]);
  const save = () => {
    const text = found.map((line) => `${several ? `${line.pod} ` : ""}${line.text}\n`);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(text, { type: "text/plain" }));
    link.download = `${name}-${environment}.log`;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  return (
    <div className="idp-logs">
      <div className="idp-toolbar">
        <SearchField
          aria-label="Search the log"
          placeholder="Search the log"
          size="small"
          value={search}
          onChange={setSearch}
        />
        <Switch label="Follow" isSelected={follow} onChange={setFollow} />
        <span className="idp-quiet" role="status">
          {state === "broken"
            ? "The log cannot be read now."
            : state === "ended"
              ? "The log ended."
              : `${lines.length} lines`}
        </span>
        <Button size="small" variant="tertiary" iconStart={<RiDownloadLine />} onPress={save}>
          Save
        </Button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <div ref={box} className="idp-log" tabIndex={0} role="log" aria-label={`Log of ${name}`}>
        {found.map((line) => (
          <div key={line.key}>
            {several ? <span className="idp-log-pod">{line.pod.split("-").pop()}</span> : null}
            {line.text || " "}
          </div>
        ))}
        {found.length === 0 && state !== "open" ? (
          <span className="idp-log-pod">
            {search ? "No line has that." : "Nothing was written."}
          </span>
        ) : null}
      </div>
    </div>
  );
}
