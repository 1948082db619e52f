import { Button } from "@backstage/ui";
import { RiFileCopyLine } from "@remixicon/react";
import { Link } from "react-router-dom";
import { stringify } from "yaml";
import { useSettings } from "../../data/insight";
import { Empty, Found } from "../../parts/State";

/** The application's object as it is in one environment. */
export default function Yaml({
  namespace,
  name,
  environment,
}: {
  namespace: string;
  name: string;
  environment: string;
}) {
  const query = useSettings(namespace, name);
  return (
    <Found query={query}>
      {(settings) => {
        const place = settings.environments.find((one) => one.environment === environment);
        if (!place?.manifest) {
          return <Empty title="Nothing is deployed here">A release arrives by promotion.</Empty>;
        }
        const text = stringify(place.manifest, { lineWidth: 0 });
        return (
          <div className="idp-stack">
            <div className="idp-toolbar">
              <Button
                size="small"
                variant="secondary"
                iconStart={<RiFileCopyLine />}
                onPress={() => void navigator.clipboard.writeText(text)}
              >
                Copy
              </Button>
              <Link
                className="idp-more"
                to={`/explore/${environment}/apis/platform.idp/v1alpha1/webapplications/${namespace}/${name}`}
              >
                In the explorer
              </Link>
            </div>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
            <pre className="idp-card idp-yaml" tabIndex={0}>
              <code>{text}</code>
            </pre>
          </div>
        );
      }}
    </Found>
  );
}
