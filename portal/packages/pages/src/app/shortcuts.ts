/** Shortcuts: `g` and then a letter goes to a page. They rest while somebody types. */
import { useEffect, useRef } from "react";

const PATIENCE = 1_500;

/** Whether a key is meant for what has the focus. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return (
    target.isContentEditable ||
    ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName) ||
    target.closest("[role=dialog]") !== null
  );
}

export interface Shortcuts {
  search: () => void;
  help: () => void;
  /** Letter after `g` -> address. */
  pages: Readonly<Record<string, string>>;
  go: (address: string) => void;
}

export function useShortcuts(shortcuts: Shortcuts): void {
  const latest = useRef(shortcuts);
  latest.current = shortcuts;
  useEffect(() => {
    let waits = 0;
    const onKey = (event: KeyboardEvent) => {
      const key = event.key.toLowerCase();
      if ((event.ctrlKey || event.metaKey) && key === "k") {
        event.preventDefault();
        latest.current.search();
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const { pages, go, search, help } = latest.current;
      const address = Date.now() < waits ? pages[key] : undefined;
      waits = 0;
      if (address !== undefined) go(address);
      else if (key === "g") waits = Date.now() + PATIENCE;
      else if (key === "/") search();
      else if (key === "?") help();
      else return;
      event.preventDefault();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}
