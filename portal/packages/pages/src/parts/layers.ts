/** A graph in layers: every node below all that lead to it. */
export interface Edge {
  from: string;
  to: string;
}

/** Layers from the top down, each in the order given; a cycle is cut where it closes. */
export function layers(ids: readonly string[], edges: readonly Edge[]): string[][] {
  const known = new Set(ids);
  const before = new Map<string, string[]>(ids.map((id) => [id, []]));
  for (const { from, to } of edges) {
    if (known.has(from) && known.has(to)) before.get(to)?.push(from);
  }
  const depth = new Map<string, number>();
  const visiting = new Set<string>();
  const depthOf = (id: string): number => {
    const found = depth.get(id);
    if (found !== undefined) return found;
    if (visiting.has(id)) return 0;
    visiting.add(id);
    const own = Math.max(-1, ...(before.get(id) ?? []).map(depthOf)) + 1;
    visiting.delete(id);
    depth.set(id, own);
    return own;
  };
  const found: string[][] = [];
  for (const id of ids) {
    const at = depthOf(id);
    while (found.length <= at) found.push([]);
    found[at]?.push(id);
  }
  return found;
}

/** Edges between nodes that do work: nodes that only hold others are passed through. */
export function contracted(
  nodes: ReadonlyArray<{ id: string; group: boolean; children: readonly string[] }>,
): Edge[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const found = new Map<string, Edge>();
  for (const node of nodes) {
    if (node.group) continue;
    const waiting = [...node.children];
    const seen = new Set<string>();
    while (waiting.length > 0) {
      const id = waiting.pop() ?? "";
      const child = byId.get(id);
      if (child === undefined || seen.has(id)) continue;
      seen.add(id);
      if (child.group) waiting.push(...child.children);
      else found.set(`${node.id}>${id}`, { from: node.id, to: id });
    }
  }
  return [...found.values()];
}
