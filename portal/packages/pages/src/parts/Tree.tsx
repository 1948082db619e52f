import type { TreeNode } from "../data/queries";
import { Dot } from "./Health";
import { Remedy, Words } from "./Words";

/** What something is made of, each part with what is wrong and what to do. */
export function Tree({ nodes }: { nodes: readonly TreeNode[] }) {
  return (
    <ul className="idp-tree">
      {nodes.map((node) => (
        <li key={`${node.kind}/${node.name}`}>
          <div className="idp-tree-node">
            <Dot state={node.health} />
            <span className="idp-tree-name">
              <small>{node.kind}</small> {node.name}
            </span>
            {node.message ? (
              <span className="idp-tree-message">
                <Words>{node.message}</Words>
              </span>
            ) : null}
          </div>
          <Remedy>{node.remedy}</Remedy>
          {node.conditions
            .filter((condition) => condition.status !== "True" && condition.type !== "Ready")
            .filter((condition) => condition.message && condition.message !== node.message)
            .map((condition) => (
              <div key={condition.type} className="idp-tree-condition">
                <strong>{condition.type}</strong> {condition.reason}:{" "}
                <Words>{condition.message}</Words>
                <Remedy>{condition.remedy}</Remedy>
              </div>
            ))}
          {node.children.length > 0 ? <Tree nodes={node.children} /> : null}
        </li>
      ))}
    </ul>
  );
}
