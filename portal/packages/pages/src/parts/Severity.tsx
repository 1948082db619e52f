/** A CVSS base score and its band (CVSS 3.1, section 5); without one nobody knows how bad it is. */
const TONE: Record<string, string> = {
  critical: "bad",
  high: "bad",
  medium: "attention",
  low: "quiet",
  unscored: "attention",
};

export function bandOf(severity: number | null): string {
  if (severity === null) return "unscored";
  return severity >= 9 ? "critical" : severity >= 7 ? "high" : severity >= 4 ? "medium" : "low";
}

export function Severity({ severity }: { severity: number | null }) {
  const band = bandOf(severity);
  return (
    <span className="idp-badge" data-tone={TONE[band]}>
      {band}
      {severity === null ? "" : ` ${severity.toFixed(1)}`}
    </span>
  );
}
