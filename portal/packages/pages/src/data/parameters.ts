/** What a page shows is in its address: filters, tabs and choices are parameters of it. */
import { useSearchParams } from "react-router-dom";

/** The parameters, and a function that sets some (an empty text takes one away). */
export function useParameters(): [URLSearchParams, (changes: Record<string, string>) => void] {
  const [parameters, setParameters] = useSearchParams();
  const set = (changes: Record<string, string>) =>
    setParameters(
      (known) => {
        for (const [name, value] of Object.entries(changes)) {
          if (value) known.set(name, value);
          else known.delete(name);
        }
        return known;
      },
      { replace: true },
    );
  return [parameters, set];
}
