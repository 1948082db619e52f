import { Tabs as BackstageTabs, Tab, TabList, TabPanel } from "@backstage/ui";
import type { ReactNode } from "react";
import { useSearchParams } from "react-router-dom";

/** Tabs that are part of the address. */
export function Tabs({
  name,
  tabs,
}: {
  name: string;
  tabs: ReadonlyArray<{ id: string; label: string; content: () => ReactNode }>;
}) {
  const [parameters, setParameters] = useSearchParams();
  const wanted = parameters.get(name);
  const chosen = tabs.find((tab) => tab.id === wanted)?.id ?? tabs[0]?.id ?? "";
  return (
    <BackstageTabs
      selectedKey={chosen}
      onSelectionChange={(key) =>
        setParameters(
          (known) => {
            known.set(name, String(key));
            return known;
          },
          { replace: true },
        )
      }
    >
      <TabList>
        {tabs.map((tab) => (
          <Tab key={tab.id} id={tab.id}>
            {tab.label}
          </Tab>
        ))}
      </TabList>
      {tabs.map((tab) => (
        <TabPanel key={tab.id} id={tab.id} className="idp-tab-panel">
          {tab.id === chosen ? tab.content() : null}
        </TabPanel>
      ))}
    </BackstageTabs>
  );
}
