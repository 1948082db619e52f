import { ButtonIcon, Menu, MenuItem, MenuTrigger, SearchField, Switch } from "@backstage/ui";
import {
  RiArrowGoBackLine,
  RiArrowRightUpLine,
  RiExternalLinkLine,
  RiGitBranchLine,
  RiMore2Fill,
  RiRocket2Line,
} from "@remixicon/react";
import { useDeferredValue, useState } from "react";
import { Link, useNavigate, useSearchParams } from "react-router-dom";
import { to } from "../app/routes";
import { type BoardRow, type Rights, useBoard, useRights } from "../data/queries";
import { type Place, PromoteDialog, RollBackDialog, ways } from "../parts/Dialogs";
import { Frozen } from "../parts/Frozen";
import { Dot } from "../parts/Health";
import { Page } from "../parts/Page";
import { PromotionLine } from "../parts/PromotionLine";
import { Empty, Found, Silent } from "../parts/State";
import { Time } from "../parts/Time";
import { readable } from "../parts/Words";

type Asked = { place: Place; what: "promote" | "rollback" };

export function FirstApplication() {
  return (
    <Empty title="No application yet" icon={<RiRocket2Line size={28} />}>
      <p>Push the code in a folder; the platform builds, scans, signs and runs it:</p>
      <pre>
        <code>idp-cli deploy FOLDER</code>
      </pre>
    </Empty>
  );
}

export function BoardPage() {
  const [parameters, setParameters] = useSearchParams();
  const search = parameters.get("search") ?? "";
  const attention = parameters.get("attention") === "true";
  const query = useBoard(useDeferredValue(search), attention);
  const [asked, setAsked] = useState<Asked | null>(null);
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
    <Page
      title="Board"
      lead="Every application in every environment."
      actions={
        <>
          <SearchField
            aria-label="Search applications"
            placeholder="Search applications"
            size="small"
            value={search}
            onChange={(value) => set("search", value)}
          />
          <Switch
            label="Needs attention"
            isSelected={attention}
            onChange={(on) => set("attention", on ? "true" : "")}
          />
        </>
      }
    >
      <Found query={query}>
        {(board) => (
          <>
            <Silent instances={board.instances} />
            <Frozen />
            {board.rows.length > 0 ? (
              <>
                <BoardTable
                  rows={board.rows}
                  environments={board.instances.map((instance) => instance.environment)}
                  ask={setAsked}
                />
                {board.total > board.rows.length ? (
                  <p className="idp-quiet">
                    {board.rows.length} of {board.total} applications; search to find the others.
                  </p>
                ) : null}
              </>
            ) : attention ? (
              <Empty title="Nothing needs attention">All applications are well.</Empty>
            ) : search ? (
              <Empty title="No application has that name">
                Nothing matches <code>{search}</code>.
              </Empty>
            ) : (
              <FirstApplication />
            )}
          </>
        )}
      </Found>
      {asked?.what === "promote" ? (
        <PromoteDialog place={asked.place} close={() => setAsked(null)} />
      ) : null}
      {asked?.what === "rollback" ? (
        <RollBackDialog place={asked.place} close={() => setAsked(null)} />
      ) : null}
    </Page>
  );
}

function BoardTable({
  rows,
  environments,
  ask,
}: {
  rows: readonly BoardRow[];
  environments: readonly string[];
  ask: (asked: Asked) => void;
}) {
  const rights = useRights();
  return (
    <div className="idp-table-scroll idp-card">
      <table className="idp-board">
        <thead>
          <tr>
            <th scope="col">Application</th>
            {environments.map((environment) => (
              <th key={environment} scope="col">
                {environment}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={`${row.namespace}/${row.name}`}>
              <th scope="row">
                <Link to={to.application(row.namespace, row.name)}>{row.name}</Link>
                <small>{row.namespace}</small>
              </th>
              {row.cells.map((cell) => (
                <td key={cell.environment} data-label={cell.environment}>
                  <BoardCell
                    place={{ namespace: row.namespace, name: row.name, cell }}
                    rights={rights.get(cell.environment)}
                    ask={ask}
                  />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function BoardCell({
  place,
  rights,
  ask,
}: {
  place: Place;
  rights: Rights | undefined;
  ask: (asked: Asked) => void;
}) {
  const { cell, namespace } = place;
  const progress = cell.underWay ?? cell.failed;
  return (
    <div className="idp-cell" data-health={cell.health}>
      <div className="idp-cell-top">
        <Dot state={cell.health} />
        {cell.version ? (
          <code className="idp-version">{cell.version}</code>
        ) : (
          <span className="idp-quiet">{cell.health === "Unknown" ? "no answer" : "—"}</span>
        )}
        {cell.drifted ? (
          <span className="idp-drift" title="What runs differs from the repository">
            <RiGitBranchLine size={14} aria-label="drifted" />
          </span>
        ) : null}
        <CellMenu place={place} rights={rights} ask={ask} />
      </div>
      {cell.deployedAt && !progress ? (
        <small className="idp-quiet">
          <Time at={cell.deployedAt} />
        </small>
      ) : null}
      {cell.health === "Degraded" ? (
        <small className="idp-problem" title={readable(cell.message)}>
          {readable(cell.message)}
        </small>
      ) : null}
      {progress ? (
        <PromotionLine brief={progress} environment={cell.environment} namespace={namespace} />
      ) : cell.candidate && rights?.promote ? (
        <button
          type="button"
          className="idp-next"
          onClick={() => ask({ place, what: "promote" })}
          aria-label={`Promote ${place.name} ${cell.candidate.version} to ${cell.environment}`}
        >
          <RiArrowRightUpLine size={14} aria-hidden /> {cell.candidate.version}
        </button>
      ) : null}
    </div>
  );
}

export function CellMenu({
  place,
  rights,
  ask,
}: {
  place: Place;
  rights: Rights | undefined;
  ask: (asked: Asked) => void;
}) {
  const { cell, name, namespace } = place;
  const navigate = useNavigate();
  const free = cell.underWay === null;
  const promote = ways(cell, rights).length > 0;
  const rollback = free && rights?.rollback === true && cell.backTo !== "";
  if (!promote && !rollback && !cell.url) return null;
  return (
    <MenuTrigger>
      <ButtonIcon
        icon={<RiMore2Fill size={16} />}
        aria-label={`Actions for ${name} in ${cell.environment}`}
        variant="tertiary"
        size="small"
        className="idp-cell-menu"
      />
      <Menu>
        {promote ? (
          <MenuItem
            iconStart={<RiArrowRightUpLine />}
            onAction={() => ask({ place, what: "promote" })}
          >
            {cell.candidate
              ? `Promote ${cell.candidate.version}`
              : `Hotfix ${cell.hotfix?.version}`}
          </MenuItem>
        ) : null}
        {rollback ? (
          <MenuItem
            iconStart={<RiArrowGoBackLine />}
            onAction={() => ask({ place, what: "rollback" })}
          >
            Roll back to {cell.backTo}
          </MenuItem>
        ) : null}
        {cell.url ? (
          <MenuItem
            iconStart={<RiExternalLinkLine />}
            onAction={() => window.open(cell.url, "_blank", "noopener")}
          >
            Open the application
          </MenuItem>
        ) : null}
        <MenuItem
          onAction={() =>
            navigate(`${to.application(namespace, name)}?environment=${cell.environment}`)
          }
        >
          Details
        </MenuItem>
      </Menu>
    </MenuTrigger>
  );
}
