import type { ReactNode } from "react";
import type { Tone } from "./Health";

/** One figure, what it is, and a word about it. */
export function Figure({
  label,
  value,
  tone = "quiet",
  children,
}: {
  label: string;
  value: ReactNode;
  tone?: Tone;
  children?: ReactNode;
}) {
  return (
    <div className="idp-figure" data-tone={tone}>
      <span>{label}</span>
      <strong>{value}</strong>
      {children ? <small>{children}</small> : null}
    </div>
  );
}
