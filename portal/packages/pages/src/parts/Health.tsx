import {
  type RemixiconComponentType,
  RiCheckboxCircleFill,
  RiCloseCircleFill,
  RiIndeterminateCircleLine,
  RiLoader4Line,
  RiQuestionFill,
  RiTimeFill,
} from "@remixicon/react";

export type Tone = "good" | "bad" | "busy" | "attention" | "quiet";

const HEALTH: Record<string, { tone: Tone; word: string }> = {
  Healthy: { tone: "good", word: "Healthy" },
  Progressing: { tone: "busy", word: "Progressing" },
  Degraded: { tone: "bad", word: "Degraded" },
  Missing: { tone: "quiet", word: "Not deployed" },
  Unknown: { tone: "attention", word: "Unknown" },
  Succeeded: { tone: "good", word: "Succeeded" },
  Running: { tone: "busy", word: "Running" },
  Pending: { tone: "quiet", word: "Pending" },
  Failed: { tone: "bad", word: "Failed" },
  Superseded: { tone: "quiet", word: "Superseded" },
  Waiting: { tone: "attention", word: "Waits for approval" },
};

const ICONS: Record<Tone, RemixiconComponentType> = {
  good: RiCheckboxCircleFill,
  bad: RiCloseCircleFill,
  busy: RiLoader4Line,
  attention: RiTimeFill,
  quiet: RiIndeterminateCircleLine,
};

export function toneOf(state: string): Tone {
  return HEALTH[state]?.tone ?? "quiet";
}

/** A state as an icon and a word; never by colour alone. */
export function Badge({ state, label }: { state: string; label?: string }) {
  const { tone, word } = HEALTH[state] ?? { tone: "quiet" as const, word: state };
  const Icon = state === "Unknown" ? RiQuestionFill : ICONS[tone];
  return (
    <span className="idp-badge" data-tone={tone}>
      <Icon size={14} aria-hidden />
      {label ?? word}
    </span>
  );
}

export function Dot({ state }: { state: string }) {
  const { tone, word } = HEALTH[state] ?? { tone: "quiet" as const, word: state };
  const Icon = ICONS[tone];
  return (
    <span className="idp-dot" data-tone={tone} role="img" aria-label={word} title={word}>
      <Icon size={16} aria-hidden />
    </span>
  );
}
