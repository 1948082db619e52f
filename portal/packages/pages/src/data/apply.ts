/**
 * What saving an edited object sends: server-side apply as `idp-portal`, of what was changed only.
 *
 * An apply that named every field would make the portal an owner of them all, and who owns a field
 * today could not change it tomorrow. It must name again what the portal set before: fields that
 * their only manager leaves out are removed.
 */
export const MANAGER = "idp-portal";

export type Value = null | boolean | number | string | Value[] | { [key: string]: Value };
export type Mapping = { [key: string]: Value };
/** `fieldsV1`: keys `f:name` for fields, others for items of lists. */
export type Fields = { [key: string]: Fields };

interface ManagedFields {
  manager: string;
  operation: string;
  subresource?: string;
  fieldsV1?: Fields;
}

export function isMapping(value: Value | undefined): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The fields that the portal applied before. */
export function ownFields(object: Mapping): Fields {
  const metadata = object.metadata as Mapping | undefined;
  const managed = (metadata?.managedFields ?? []) as unknown as readonly ManagedFields[];
  return (
    managed.find((entry) => entry.manager === MANAGER && entry.operation === "Apply")?.fieldsV1 ??
    {}
  );
}

/** The object as people edit it: without what only the server writes. */
export function editable(object: Mapping): Mapping {
  const { status: _status, ...rest } = object;
  const metadata = { ...((object.metadata ?? {}) as Mapping) };
  for (const key of [
    "managedFields",
    "resourceVersion",
    "uid",
    "generation",
    "creationTimestamp",
    "selfLink",
  ])
    delete metadata[key];
  return { ...rest, metadata };
}

/** What to apply; null when nothing was changed. */
export function patchOf(original: Mapping, edited: Mapping): Mapping | null {
  const before = editable(original);
  const after = editable(edited);
  if (same(before, after)) return null;
  const metadata = (original.metadata ?? {}) as Mapping;
  const identity: Mapping = { name: metadata.name ?? "" };
  if (metadata.namespace !== undefined) identity.namespace = metadata.namespace;
  const changed = (pick(before, after, ownFields(original)) ?? {}) as Mapping;
  return {
    ...changed,
    apiVersion: original.apiVersion ?? "",
    kind: original.kind ?? "",
    metadata: { ...((changed.metadata ?? {}) as Mapping), ...identity },
  };
}

function pick(before: Value | undefined, after: Value, own: Fields | undefined): Value | undefined {
  if (isMapping(after)) {
    const found: Mapping = {};
    for (const [key, value] of Object.entries(after)) {
      const old = isMapping(before) ? before[key] : undefined;
      const part = pick(old, value, own?.[`f:${key}`]);
      if (part !== undefined) found[key] = part;
    }
    const empty = Object.keys(after).length === 0;
    if (Object.keys(found).length > 0) return found;
    return empty && (own !== undefined || !same(before, after)) ? {} : undefined;
  }
  return own !== undefined || !same(before, after) ? after : undefined;
}

/** Fields that were taken out of the text and are there still, because somebody else owns them. */
export function kept(original: Mapping, edited: Mapping, result: Mapping): string[] {
  const found: string[] = [];
  const walk = (before: Value, after: Value | undefined, now: Value | undefined, path: string) => {
    if (!isMapping(before)) return;
    for (const [key, value] of Object.entries(before)) {
      const at = `${path}.${key}`;
      const wanted = isMapping(after) ? after[key] : undefined;
      const present = isMapping(now) ? now[key] : undefined;
      if (wanted === undefined && present !== undefined) found.push(at);
      else if (wanted !== undefined) walk(value, wanted, present, at);
    }
  };
  walk(editable(original), editable(edited), editable(result), "");
  return found;
}

function same(one: Value | undefined, other: Value | undefined): boolean {
  if (one === other) return true;
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((item, n) => same(item, other[n]));
  }
  if (isMapping(one) && isMapping(other)) {
    const keys = Object.keys(one);
    return (
      keys.length === Object.keys(other).length &&
      keys.every((key) => key in other && same(one[key], other[key]))
    );
  }
  return false;
}
