/** What a kind's OpenAPI schema says about a YAML document: what may stand where, what is wrong. */
import { isMap, isScalar, isSeq, type Node, type Pair, parseDocument } from "yaml";

export interface Schema {
  $ref?: string;
  allOf?: readonly Schema[];
  type?: string;
  description?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  required?: readonly string[];
  enum?: readonly unknown[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  "x-kubernetes-int-or-string"?: boolean;
  "x-kubernetes-preserve-unknown-fields"?: boolean;
  "x-kubernetes-group-version-kind"?: ReadonlyArray<{
    group: string;
    version: string;
    kind: string;
  }>;
}

/** All schemas of a group and version, and how one refers to another. */
export class Schemas {
  constructor(private readonly known: Record<string, Schema>) {}

  /** The schema of a kind; undefined when the server publishes none. */
  ofKind(group: string, version: string, kind: string): Schema | undefined {
    return Object.values(this.known).find((schema) =>
      schema["x-kubernetes-group-version-kind"]?.some(
        (known) => known.group === group && known.version === version && known.kind === kind,
      ),
    );
  }

  /** What a schema stands for, its references followed. */
  resolve(schema: Schema | undefined): Schema | undefined {
    let found = schema;
    for (let depth = 0; found !== undefined && depth < 20; depth++) {
      const { $ref, allOf, ...rest } = found;
      const next = $ref !== undefined ? this.known[$ref.split("/").at(-1) ?? ""] : allOf?.[0];
      if (next === undefined) return found;
      found = { ...next, ...rest };
    }
    return found;
  }

  /** The schema of what is at a path; numbers are places in lists. */
  at(root: Schema, path: ReadonlyArray<string | number>): Schema | undefined {
    let found = this.resolve(root);
    for (const part of path) {
      if (found === undefined) return undefined;
      const inner: Schema | undefined =
        typeof part === "number"
          ? found.items
          : (found.properties?.[part] ??
            (typeof found.additionalProperties === "object"
              ? found.additionalProperties
              : undefined));
      found = this.resolve(inner);
    }
    return found;
  }
}

/** Something that the schema does not allow, with its place in the text. */
export interface Problem {
  from: number;
  to: number;
  message: string;
}

/** What is wrong with a document. */
export function problems(text: string, schemas: Schemas, root: Schema | undefined): Problem[] {
  const document = parseDocument(text);
  const found: Problem[] = document.errors.map((error) => ({
    from: error.pos[0],
    to: Math.max(error.pos[1], error.pos[0] + 1),
    message: error.message.split("\n")[0] ?? "not YAML",
  }));
  if (found.length === 0 && root !== undefined && document.contents !== null) {
    check(document.contents as Node, schemas.resolve(root), schemas, "", found);
  }
  return found;
}

function check(
  node: Node | null,
  schema: Schema | undefined,
  schemas: Schemas,
  path: string,
  found: Problem[],
): void {
  if (node === null || schema === undefined) return;
  const [from, to] = [node.range?.[0] ?? 0, node.range?.[1] ?? 1];
  const tell = (message: string) => found.push({ from, to: Math.max(to, from + 1), message });
  const name = path || "the document";
  if (isMap(node)) {
    if (schema.type !== undefined && schema.type !== "object") {
      tell(`${name} must be ${article(schema.type)}`);
      return;
    }
    checkMap(node.items as Pair[], from, schema, schemas, path, found);
  } else if (isSeq(node)) {
    if (schema.type !== undefined && schema.type !== "array") {
      tell(`${name} must be ${article(schema.type)}`);
      return;
    }
    node.items.forEach((item, place) => {
      check(item as Node, schemas.resolve(schema.items), schemas, `${path}[${place}]`, found);
    });
  } else if (isScalar(node)) {
    const wrong = scalarProblem(node.value, schema);
    if (wrong !== "") tell(`${name} ${wrong}`);
  }
}

function checkMap(
  pairs: readonly Pair[],
  start: number,
  schema: Schema,
  schemas: Schemas,
  path: string,
  found: Problem[],
): void {
  const open =
    schema.properties === undefined ||
    schema["x-kubernetes-preserve-unknown-fields"] === true ||
    Boolean(schema.additionalProperties);
  const present = new Set<string>();
  for (const pair of pairs) {
    const key = pair.key as Node;
    const name = String(isScalar(key) ? key.value : key);
    present.add(name);
    const inner = schemas.at(schema, [name]);
    const at = path ? `${path}.${name}` : name;
    if (inner === undefined && !open) {
      found.push({
        from: key.range?.[0] ?? start,
        to: key.range?.[1] ?? start + 1,
        message: `${at} is not a field; there are ${Object.keys(schema.properties ?? {}).join(", ")}`,
      });
    }
    check(pair.value as Node | null, inner, schemas, at, found);
  }
  for (const needed of schema.required ?? []) {
    if (!present.has(needed)) {
      const at = path ? `${path}.${needed}` : needed;
      found.push({ from: start, to: start + 1, message: `${at} is needed` });
    }
  }
}

function scalarProblem(value: unknown, schema: Schema): string {
  if (value === null) return "";
  const type = typeof value;
  if (schema["x-kubernetes-int-or-string"]) {
    return type === "number" || type === "string" ? "" : "must be a number or a text";
  }
  const fits: Record<string, boolean> = {
    string: type === "string",
    boolean: type === "boolean",
    integer: Number.isInteger(value),
    number: type === "number",
    object: false,
    array: false,
  };
  if (schema.type !== undefined && fits[schema.type] === false) {
    return `must be ${article(schema.type)}`;
  }
  if (schema.enum !== undefined && !schema.enum.includes(value)) {
    return `must be one of ${schema.enum.join(", ")}`;
  }
  if (type === "number") {
    if (schema.minimum !== undefined && (value as number) < schema.minimum)
      return `must be at least ${schema.minimum}`;
    if (schema.maximum !== undefined && (value as number) > schema.maximum)
      return `must be at most ${schema.maximum}`;
  }
  return "";
}

function article(type: string): string {
  const words: Record<string, string> = {
    string: "a text",
    object: "a mapping",
    array: "a list",
    integer: "a whole number",
    boolean: "true or false",
  };
  return words[type] ?? `a ${type}`;
}

/** Where the cursor is: the path of what is being typed, by the columns of keys and dashes. */
export function pathAt(lines: readonly string[], row: number): Array<string | number> {
  const open: Array<{ column: number; part: string | number }> = [];
  const close = (column: number, item: boolean) => {
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      // The items of a list may stand at the column of their key.
      const parent = item && top.column === column && typeof top.part === "string";
      if (top.column < column || parent) return;
      open.pop();
    }
  };
  for (let n = 0; n <= row; n++) {
    const line = lines[n] ?? "";
    if (n < row && /^\s*(#|$)/.test(line)) continue;
    let column = /^ */.exec(line)?.[0].length ?? 0;
    while (line.startsWith("- ", column)) {
      close(column, true);
      open.push({ column, part: 0 });
      column += 2;
    }
    close(column, false);
    const key = /^([^\s:#-][^:]*):(\s|$)/.exec(line.slice(column));
    if (n < row && key?.[1] !== undefined) open.push({ column, part: key[1] });
  }
  return open.map(({ part }) => part);
}
