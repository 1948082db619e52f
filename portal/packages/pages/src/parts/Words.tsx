import { Fragment } from "react";

const CODE = /`([^`]+)`/g;
const HOST = /\b127\.0\.0\.1:\d+\/(?=[-a-z0-9]+\/[-a-z0-9.]+@)/g;
const DIGEST = /\bsha256:([0-9a-f]{12})[0-9a-f]{52}\b/g;
const LINK = /(https?:\/\/[a-z0-9.-]+\.localhost(?::\d+)?[^\s;,)]*)/g;

/** Digests short, images without the registry's address: as the command line shows them. */
export function readable(text: string): string {
  return text.replace(HOST, "").replace(DIGEST, "sha256:$1");
}

/** A message of the platform: commands in backticks as code, addresses of applications as links. */
export function Words({ children }: { children: string }) {
  const parts = readable(children).split(CODE);
  return (
    <>
      {parts.map((part, n) =>
        n % 2 === 1 ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text have no other name
          <code key={n}>{part}</code>
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: see above
          <Fragment key={n}>{linked(part)}</Fragment>
        ),
      )}
    </>
  );
}

function linked(text: string) {
  return text.split(LINK).map((part, n) =>
    n % 2 === 1 ? (
      <a key={part} href={part} target="_blank" rel="noreferrer">
        {part.replace(/^https?:\/\//, "")}
      </a>
    ) : (
      part
    ),
  );
}

/** What to do next. */
export function Remedy({ children }: { children: string }) {
  if (!children) return null;
  return (
    <p className="idp-remedy">
      <strong>Next:</strong> <Words>{children}</Words>
    </p>
  );
}

/** An identifier, short to read, whole to point at. */
export function Short({ id, length = 12 }: { id: string; length?: number }) {
  if (!id) return null;
  const bare = id.replace(/^sha256:/, "");
  return (
    <code className="idp-short" title={id}>
      {bare.slice(0, length)}
    </code>
  );
}
