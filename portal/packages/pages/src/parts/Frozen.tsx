import { RiSnowflakeLine } from "@remixicon/react";
import { Link } from "react-router-dom";
import { to } from "../app/routes";
import { type Freeze, useFreezes } from "../data/gates";
import { When } from "./Time";

/** What a freeze is for, in words. */
export function frozen(freeze: Pick<Freeze, "applications" | "namespaces">): string {
  const { applications, namespaces } = freeze;
  const what = applications.join(", ") || "every application";
  return namespaces.length > 0 ? `${what} of ${namespaces.join(", ")}` : what;
}

/** A line for each freeze that is on; of one application, those that cover it. */
export function Frozen({
  namespace,
  application,
  environment,
}: {
  namespace?: string;
  application?: string;
  environment?: string;
}) {
  const { data } = useFreezes();
  const covers = (names: readonly string[], name: string | undefined) =>
    name === undefined || names.length === 0 || names.includes(name);
  const on = (data?.freezes ?? []).filter(
    (freeze) =>
      freeze.state === "on" &&
      (environment === undefined || freeze.environment === environment) &&
      covers(freeze.namespaces, namespace) &&
      covers(freeze.applications, application),
  );
  return (
    <>
      {on.map((freeze) => (
        <div
          key={freeze.environment + freeze.name}
          className="idp-note"
          data-tone="attention"
          role="status"
        >
          <span>
            <RiSnowflakeLine size={16} aria-hidden />{" "}
            <Link to={to.instance(freeze.environment)}>{freeze.environment}</Link> is frozen for{" "}
            {frozen(freeze)} until <When at={freeze.until} />. {freeze.by}: {freeze.reason}
          </span>
        </div>
      ))}
    </>
  );
}
