import { Button } from "@backstage/ui";
import { type StoredSession, useEndSession, useSessions } from "../../data/settings";
import { Refused } from "../../parts/Refused";
import { Empty, Found } from "../../parts/State";
import { Time } from "../../parts/Time";

const KINDS: Record<StoredSession["kind"], string> = {
  browser: "Browser",
  cli: "Command line",
  token: "Token",
};

/** Where a user is signed in, each to be ended. */
export function Sessions({ user, tokens = false }: { user?: string; tokens?: boolean }) {
  const query = useSessions(user);
  const end = useEndSession(user);
  return (
    <Found query={query}>
      {(sessions) => {
        const shown = sessions.filter(
          (session) => user !== undefined || (session.kind === "token") === tokens,
        );
        if (shown.length === 0) {
          return (
            <Empty title={tokens ? "No tokens" : "No sessions"}>
              {tokens ? "A token lets a program act for you." : "Nobody is signed in."}
            </Empty>
          );
        }
        return (
          <>
            <Refused error={end.error} />
            <div className="idp-card idp-table-scroll">
              <table className="idp-table">
                <thead>
                  <tr>
                    <th scope="col">{tokens ? "Token" : "Session"}</th>
                    <th scope="col">May</th>
                    <th scope="col">Made</th>
                    <th scope="col">Last used</th>
                    <th scope="col">Ends</th>
                    <th scope="col">
                      <span className="idp-hidden">End it</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {shown.map((session) => (
                    <tr key={session.id}>
                      <td>
                        {session.label}
                        <small className="idp-quiet idp-template-text">
                          {session.current ? "This one" : KINDS[session.kind]}
                        </small>
                      </td>
                      <td>{session.scope === "read" ? "read" : "everything you may"}</td>
                      <td>{session.created ? <Time at={session.created} /> : "before"}</td>
                      <td>{session.used ? <Time at={session.used} /> : "never"}</td>
                      <td>
                        <Time at={session.expires} />
                      </td>
                      <td>
                        {session.current ? null : (
                          <Button
                            size="small"
                            variant="secondary"
                            destructive
                            aria-label={`${tokens ? "Revoke" : "End"} ${session.label}`}
                            onPress={() => end.mutate(session.id)}
                          >
                            {session.kind === "token" ? "Revoke" : "End"}
                          </Button>
                        )}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          </>
        );
      }}
    </Found>
  );
}
