import { Dot } from "./Health";
import { type Edge, layers } from "./layers";

export interface GraphNode {
  id: string;
  label: string;
  /** A word of `Health`. */
  state: string;
  detail?: string;
}

const WIDTH = 190;
const HEIGHT = 54;
const GAP_X = 20;
const GAP_Y = 30;

/** A graph from the top down; its nodes are buttons in the order of the layers. */
export function Graph({
  label,
  nodes,
  edges,
  chosen,
  choose,
}: {
  label: string;
  nodes: readonly GraphNode[];
  edges: readonly Edge[];
  chosen: string;
  choose: (id: string) => void;
}) {
  const rows = layers(
    nodes.map((node) => node.id),
    edges,
  );
  const widest = Math.max(1, ...rows.map((row) => row.length));
  const width = widest * (WIDTH + GAP_X) - GAP_X;
  const height = Math.max(1, rows.length) * (HEIGHT + GAP_Y) - GAP_Y;
  const places = new Map<string, { x: number; y: number }>();
  rows.forEach((row, down) => {
    const left = (width - (row.length * (WIDTH + GAP_X) - GAP_X)) / 2;
    row.forEach((id, across) => {
      places.set(id, { x: left + across * (WIDTH + GAP_X), y: down * (HEIGHT + GAP_Y) });
    });
  });
  const byId = new Map(nodes.map((node) => [node.id, node]));
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for controls
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <div className="idp-card idp-graph" role="group" aria-label={label} tabIndex={0}>
      <div className="idp-graph-ground" style={{ width, height }}>
        <svg width={width} height={height} aria-hidden="true">
          {edges.map(({ from, to }) => {
            const start = places.get(from);
            const end = places.get(to);
            if (start === undefined || end === undefined) return null;
            const x1 = start.x + WIDTH / 2;
            const y1 = start.y + HEIGHT;
            const x2 = end.x + WIDTH / 2;
            const middle = (y1 + end.y) / 2;
            return (
              <path
                key={`${from}>${to}`}
                className="idp-edge"
                data-state={byId.get(from)?.state}
                d={`M${x1},${y1} C${x1},${middle} ${x2},${middle} ${x2},${end.y}`}
              />
            );
          })}
        </svg>
        {rows.flat().map((id) => {
          const node = byId.get(id);
          const place = places.get(id);
          if (node === undefined || place === undefined) return null;
          return (
            <button
              key={id}
              type="button"
              className="idp-node"
              aria-pressed={id === chosen}
              data-state={node.state}
              style={{ left: place.x, top: place.y, width: WIDTH, height: HEIGHT }}
              onClick={() => choose(id)}
            >
              <Dot state={node.state} />
              <span className="idp-node-text">
                <strong>{node.label}</strong>
                {node.detail ? <small>{node.detail}</small> : null}
              </span>
            </button>
          );
        })}
      </div>
    </div>
  );
}
