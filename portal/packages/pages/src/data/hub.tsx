import { Hub, type Schemas } from "@idp/client";
import { createContext, useContext } from "react";

/** The hub that served this page. */
export const hub = new Hub(globalThis.location?.origin ?? "");

export type Session = Schemas["BrowserSession"];

const SessionContext = createContext<Session | null>(null);
export const SessionProvider = SessionContext.Provider;

/** Who is signed in; pages are only shown to somebody who is. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error("a page was shown to nobody");
  return session;
}
