/** A small chart of bars over time, each of stacked parts; the table below it says the same. */
export interface Bar {
  key: string;
  /** What pointing at it says. */
  label: string;
  parts: ReadonlyArray<{ tone: "good" | "bad" | "busy" | "attention" | "quiet"; value: number }>;
}

const HEIGHT = 88;

export function Bars({ label, bars }: { label: string; bars: readonly Bar[] }) {
  const highest = Math.max(
    1,
    ...bars.map((bar) => bar.parts.reduce((sum, part) => sum + part.value, 0)),
  );
  // A few bars stay bars.
  const width = Math.min(5, 100 / Math.max(1, bars.length));
  return (
    <figure className="idp-bars">
      <figcaption>
        {label} <span className="idp-quiet">up to {Math.round(highest * 100) / 100}</span>
      </figcaption>
      <svg
        viewBox={`0 0 100 ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${label}: ${bars.length} values, the highest ${Math.round(highest * 100) / 100}`}
      >
        {bars.map((bar, place) => {
          let top = HEIGHT;
          return (
            <g key={bar.key}>
              <title>{bar.label}</title>
              <rect x={place * width} y={0} width={width} height={HEIGHT} fill="transparent" />
              {bar.parts.map((part) => {
                const height = (part.value / highest) * HEIGHT;
                top -= height;
                return (
                  <rect
                    key={part.tone}
                    data-tone={part.tone}
                    x={place * width + width * 0.1}
                    y={top}
                    width={width * 0.8}
                    height={height}
                  />
                );
              })}
            </g>
          );
        })}
      </svg>
    </figure>
  );
}
