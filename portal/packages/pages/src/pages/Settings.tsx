/** Settings: your sessions and tokens; for administrators the users; who may do what. */
import { useSession } from "../data/hub";
import { ADMINISTRATORS } from "../data/settings";
import { Page } from "../parts/Page";
import { Tabs } from "../parts/Tabs";
import { Roles } from "./settings/Roles";
import { Sessions } from "./settings/Sessions";
import { Tokens } from "./settings/Tokens";
import { Users } from "./settings/Users";

export default function SettingsPage() {
  const session = useSession();
  const administrates = session.groups.includes(ADMINISTRATORS);
  return (
    <Page title="Settings" lead="Who you are here, what proves it, and who may do what.">
      <Tabs
        name="tab"
        tabs={[
          { id: "sessions", label: "Sessions", content: () => <Sessions /> },
          { id: "tokens", label: "Tokens", content: () => <Tokens /> },
          ...(administrates ? [{ id: "users", label: "Users", content: () => <Users /> }] : []),
          { id: "roles", label: "Roles", content: () => <Roles /> },
        ]}
      />
    </Page>
  );
}
