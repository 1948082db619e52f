import { useSession } from "../data/hub";
import { useParameters } from "../data/parameters";
import { Choice } from "../parts/Choice";
import { Page } from "../parts/Page";
import { Tabs } from "../parts/Tabs";
import { Exceptions } from "./security/Exceptions";
import { Findings } from "./security/Findings";
import { Profiles } from "./security/Profiles";
import { Trends } from "./security/Trends";

export default function SecurityPage() {
  const session = useSession();
  const [parameters, set] = useParameters();
  const environment = parameters.get("environment") ?? session.environments[0] ?? "";
  const tab = parameters.get("tab") ?? "findings";
  return (
    <Page
      title="Security"
      lead="What scanners found, what may be, and what it does in each environment."
      actions={
        tab === "findings" || tab === "trends" ? (
          <Choice
            label="Environment"
            value={environment}
            options={session.environments}
            onChange={(value) => set({ environment: value, offset: "" })}
          />
        ) : undefined
      }
    >
      <Tabs
        name="tab"
        tabs={[
          {
            id: "findings",
            label: "Findings",
            content: () => <Findings environment={environment} />,
          },
          { id: "trends", label: "Trends", content: () => <Trends environment={environment} /> },
          { id: "exceptions", label: "Exceptions", content: () => <Exceptions /> },
          { id: "profiles", label: "Rules", content: () => <Profiles /> },
        ]}
      />
    </Page>
  );
}
