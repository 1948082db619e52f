import { RiCheckDoubleLine, RiRocket2Line, RiShieldCheckLine } from "@remixicon/react";
import { Link } from "react-router-dom";
import { to } from "../app/routes";
import { useReviews } from "../data/gates";
import { useSession } from "../data/hub";
import { type BoardRow, type Cell, useBoard, useInbox } from "../data/queries";
import { Frozen } from "../parts/Frozen";
import { Badge, Dot } from "../parts/Health";
import { Page, Section } from "../parts/Page";
import { PromotionLine } from "../parts/PromotionLine";
import { Found, Silent } from "../parts/State";
import { Time } from "../parts/Time";
import { Remedy, Words } from "../parts/Words";
import { FirstApplication } from "./Board";

interface Trouble {
  row: BoardRow;
  cell: Cell;
}

/** What broke: cells that are degraded, drifted, or whose last promotion failed. */
export function troubles(rows: readonly BoardRow[]): Trouble[] {
  return rows.flatMap((row) =>
    row.cells
      .filter((cell) => cell.health === "Degraded" || cell.failed !== null || cell.drifted)
      .map((cell) => ({ row, cell })),
  );
}

function greeting(hour: number): string {
  return hour < 5
    ? "Good night"
    : hour < 12
      ? "Good morning"
      : hour < 18
        ? "Good day"
        : "Good evening";
}

export function HomePage() {
  const session = useSession();
  const board = useBoard();
  const inbox = useInbox();
  return (
    <Page
      title={`${greeting(new Date().getHours())}, ${session.user}`}
      lead="What waits for you, what broke, and what is on its way."
    >
      <Found query={board}>
        {({ rows, instances }) =>
          rows.length === 0 && instances.every((instance) => !instance.error) ? (
            <FirstApplication />
          ) : (
            <>
              <Silent instances={instances} />
              <Frozen />
              <Figures rows={rows} waiting={inbox.data?.waiting.length ?? 0} />
              <div className="idp-columns">
                <div className="idp-stack">
                  <Broken rows={rows} />
                  <UnderWay rows={rows} />
                </div>
                <div className="idp-stack">
                  <Waiting />
                  <Applications rows={rows} />
                </div>
              </div>
            </>
          )
        }
      </Found>
    </Page>
  );
}

function Figures({ rows, waiting }: { rows: readonly BoardRow[]; waiting: number }) {
  const cells = rows.flatMap((row) => row.cells);
  const figures = [
    { label: "Applications", value: rows.length, to: "/board", tone: "quiet" },
    {
      label: "Healthy deployments",
      value: cells.filter((cell) => cell.health === "Healthy").length,
      to: "/board",
      tone: "good",
    },
    {
      label: "On their way",
      value: cells.filter((cell) => cell.underWay !== null).length,
      to: "/board",
      tone: "busy",
    },
    { label: "Wait for approval", value: waiting, to: "/approvals", tone: "attention" },
    { label: "Broken", value: troubles(rows).length, to: "/board?attention=true", tone: "bad" },
  ];
  return (
    <div className="idp-figures">
      {figures.map((figure) => (
        <Link
          key={figure.label}
          to={figure.to}
          className="idp-figure"
          data-tone={figure.value > 0 ? figure.tone : "quiet"}
        >
          <strong>{figure.value}</strong>
          <span>{figure.label}</span>
        </Link>
      ))}
    </div>
  );
}

function Broken({ rows }: { rows: readonly BoardRow[] }) {
  const found = troubles(rows);
  return (
    <Section title="What broke">
      <div className="idp-card idp-list">
        {found.length === 0 ? (
          <p className="idp-calm">
            <RiShieldCheckLine size={20} aria-hidden /> Nothing is broken.
          </p>
        ) : (
          found.map(({ row, cell }) => (
            <div key={`${row.namespace}/${row.name}/${cell.environment}`} className="idp-item">
              <div className="idp-item-head">
                <Link
                  to={`${to.application(row.namespace, row.name)}?environment=${cell.environment}`}
                >
                  {row.name} in {cell.environment}
                </Link>
                <Badge
                  state={cell.health === "Degraded" ? "Degraded" : "Failed"}
                  label={
                    cell.health === "Degraded"
                      ? "Degraded"
                      : cell.failed
                        ? "Promotion failed"
                        : "Drifted"
                  }
                />
              </div>
              <p>
                <Words>
                  {cell.health === "Degraded"
                    ? cell.message
                    : (cell.failed?.message ?? "What runs differs from the repository.")}
                </Words>
              </p>
              <Remedy>{cell.health === "Degraded" ? cell.remedy : ""}</Remedy>
            </div>
          ))
        )}
      </div>
    </Section>
  );
}

function UnderWay({ rows }: { rows: readonly BoardRow[] }) {
  const found = rows.flatMap((row) =>
    row.cells.flatMap((cell) => (cell.underWay ? [{ row, cell, brief: cell.underWay }] : [])),
  );
  return (
    <Section title="On their way">
      <div className="idp-card idp-list">
        {found.length === 0 ? (
          <p className="idp-calm">
            <RiRocket2Line size={20} aria-hidden /> No promotion is under way.
          </p>
        ) : (
          found.map(({ row, cell, brief }) => (
            <div key={brief.name + cell.environment} className="idp-item">
              <div className="idp-item-head">
                <Link to={to.application(row.namespace, row.name)}>
                  {row.name} to {cell.environment}
                </Link>
                <small className="idp-quiet">
                  <Time at={brief.createdAt} />
                </small>
              </div>
              <PromotionLine
                brief={brief}
                environment={cell.environment}
                namespace={row.namespace}
              />
            </div>
          ))
        )}
      </div>
    </Section>
  );
}

function Waiting() {
  const inbox = useInbox();
  const reviews = useReviews();
  const mine = inbox.data?.waiting.filter((promotion) => promotion.mayDecide) ?? [];
  const toReview = reviews.data?.reviews.filter((review) => review.mayClose) ?? [];
  return (
    <Section title="Waits for you">
      <div className="idp-card idp-list">
        {toReview.map((review) => (
          <div key={review.environment + review.name} className="idp-item">
            <div className="idp-item-head">
              <Link to="/approvals">
                Review of {review.application} in {review.environment}: {review.cause} by{" "}
                {review.by}
              </Link>
              <small className="idp-quiet">
                due <Time at={review.due} />
              </small>
            </div>
          </div>
        ))}
        {mine.length + toReview.length === 0 ? (
          <p className="idp-calm">
            <RiCheckDoubleLine size={20} aria-hidden /> No decision waits for you.
          </p>
        ) : (
          mine.map((promotion) => (
            <div key={promotion.environment + promotion.name} className="idp-item">
              <div className="idp-item-head">
                <Link to={to.promotion(promotion.environment, promotion.namespace, promotion.name)}>
                  {promotion.application} {promotion.release} for {promotion.environment}
                </Link>
                <small className="idp-quiet">
                  <Time at={promotion.createdAt} />
                </small>
              </div>
            </div>
          ))
        )}
      </div>
    </Section>
  );
}

function Applications({ rows }: { rows: readonly BoardRow[] }) {
  return (
    <Section title="Applications" aside={<Link to="/board">Board</Link>}>
      <div className="idp-card idp-list">
        {rows.slice(0, 12).map((row) => (
          <div key={`${row.namespace}/${row.name}`} className="idp-item idp-item-row">
            <Link to={to.application(row.namespace, row.name)}>{row.name}</Link>
            <span className="idp-dots">
              {row.cells.map((cell) => (
                <span key={cell.environment} title={cell.environment}>
                  <Dot state={cell.health} />
                </span>
              ))}
            </span>
          </div>
        ))}
      </div>
    </Section>
  );
}
