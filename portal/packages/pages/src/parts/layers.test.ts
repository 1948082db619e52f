import { describe, expect, it } from "vitest";
import { contracted, layers } from "./layers";

const edge = (text: string) => ({ from: text[0] ?? "", to: text[1] ?? "" });

describe("layers", () => {
  it("puts a node below all that lead to it, however long the way", () => {
    expect(layers(["a", "b", "c", "d"], ["ab", "bc", "ac", "cd"].map(edge))).toEqual([
      ["a"],
      ["b"],
      ["c"],
      ["d"],
    ]);
    expect(layers(["a", "b", "c"], ["ac", "bc"].map(edge))).toEqual([["a", "b"], ["c"]]);
  });

  it("ends on a cycle and leaves out edges to what is not there", () => {
    expect(layers(["a", "b"], ["ab", "ba", "bx"].map(edge)).flat().sort()).toEqual(["a", "b"]);
    expect(layers([], [])).toEqual([]);
  });
});

describe("contracted", () => {
  it("passes through nodes that only hold others", () => {
    const node = (id: string, children: string[], group = false) => ({ id, children, group });
    const nodes = [
      node("root", ["g1"], true),
      node("g1", ["a"], true),
      node("a", ["g2"]),
      node("g2", ["b", "c"], true),
      node("b", ["g3"]),
      node("c", ["g3"]),
      node("g3", ["d", "g3"], true),
      node("d", []),
    ];
    const key = (one: { from: string; to: string }) => one.from + one.to;
    expect(contracted(nodes).map(key).sort()).toEqual(["ab", "ac", "bd", "cd"]);
  });
});
