/** Dark or light: as the system says until somebody chooses. */
import { useSyncExternalStore } from "react";

export type Theme = "light" | "dark";
const KEY = "idp-theme";
const listeners = new Set<() => void>();

function system(): Theme {
  return window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

export function currentTheme(): Theme {
  const chosen = localStorage.getItem(KEY);
  return chosen === "dark" || chosen === "light" ? chosen : system();
}

function show(): void {
  document.documentElement.dataset.themeMode = currentTheme();
  for (const listener of listeners) listener();
}

/** Show the theme from now on, following the system. */
export function startTheme(): void {
  show();
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
}

export function chooseTheme(theme: Theme): void {
  localStorage.setItem(KEY, theme);
  show();
}

export function useTheme(): Theme {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, currentTheme);
}
