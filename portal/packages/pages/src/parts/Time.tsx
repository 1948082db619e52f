import { useEffect, useState } from "react";

const STEPS: ReadonlyArray<[number, Intl.RelativeTimeFormatUnit]> = [
  [60, "second"],
  [60, "minute"],
  [24, "hour"],
  [30, "day"],
  [12, "month"],
  [Number.POSITIVE_INFINITY, "year"],
];
const words = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });

/** A moment as seen from now, such as `5 min. ago`. */
export function relative(moment: Date, now: Date): string {
  let amount = (moment.getTime() - now.getTime()) / 1000;
  if (Math.abs(amount) < 5) return "just now";
  for (const [size, unit] of STEPS) {
    if (Math.abs(amount) < size) return words.format(Math.trunc(amount), unit);
    amount /= size;
  }
  return exact.format(moment);
}

const minute = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** A moment that people plan by: its date and time in the reader's time zone. */
export function When({ at }: { at: string | null }) {
  if (!at) return null;
  const moment = new Date(at);
  return (
    <time dateTime={at} title={exact.format(moment)}>
      {minute.format(moment)}
    </time>
  );
}

/** Seconds between two moments, such as `1 min 12 s`. */
export function duration(from: string | null, until: string | null): string {
  if (from === null || until === null) return "";
  const seconds = Math.max(0, Math.round((Date.parse(until) - Date.parse(from)) / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes} min ${seconds % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A moment: relative to read, exact (in the reader's time zone) to point at. */
export function Time({ at }: { at: string | null | undefined }) {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), 15_000);
    return () => clearInterval(timer);
  }, []);
  if (!at) return null;
  const moment = new Date(at);
  return (
    <time dateTime={at} title={exact.format(moment)}>
      {relative(moment, now)}
    </time>
  );
}
