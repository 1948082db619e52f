import { Button, TextAreaField, TextField } from "@backstage/ui";
import type { Schemas } from "@idp/client";
import { useState } from "react";
import { useSession } from "../../data/hub";
import { useParameters } from "../../data/parameters";
import { useRequestException } from "../../data/security";
import { Choice } from "../../parts/Choice";
import { Ask } from "../../parts/Dialogs";
import { Refused } from "../../parts/Refused";

type Wanted = Schemas["ExceptionRequest"];

const JUSTIFICATIONS: ReadonlyArray<Exclude<Wanted["justification"], "" | undefined>> = [
  "component_not_present",
  "vulnerable_code_not_present",
  "vulnerable_code_not_in_execute_path",
  "vulnerable_code_cannot_be_controlled_by_adversary",
  "inline_mitigations_already_exist",
];

/** Asks for an exception; what the address names is filled in. */
export function RequestDialog({ close }: { close: () => void }) {
  const session = useSession();
  const [parameters] = useParameters();
  const request = useRequestException();
  const [wanted, setWanted] = useState<Wanted>({
    environment: parameters.get("environment") ?? session.environments[0] ?? "",
    namespace: parameters.get("namespace") ?? "",
    finding: parameters.get("finding") ?? "",
    application: parameters.get("application") ?? "",
    scanner: "",
    package: "",
    disposition: "accepted",
    justification: "",
    reason: "",
    days: 30,
  });
  const change = (changes: Partial<Wanted>) => setWanted((known) => ({ ...known, ...changes }));
  const whole =
    wanted.finding &&
    wanted.namespace &&
    wanted.reason.trim().length >= 3 &&
    (wanted.disposition === "accepted" || wanted.justification);
  return (
    <Ask
      title="Ask for an exception"
      close={close}
      footer={
        <Button
          variant="primary"
          isDisabled={!whole}
          isPending={request.isPending}
          onPress={() => request.mutate(wanted, { onSuccess: close })}
        >
          Ask
        </Button>
      }
    >
      <p>It does nothing until somebody else, who may, approves it.</p>
      <div className="idp-toolbar">
        <Choice
          label="Environment"
          value={wanted.environment}
          options={session.environments}
          onChange={(environment) => change({ environment })}
        />
        <Choice
          label="Is the risk borne, or is there none?"
          value={wanted.disposition ?? "accepted"}
          options={[
            ["accepted", "The risk is borne"],
            ["notAffected", "It is no problem here"],
          ]}
          onChange={(value) =>
            change({
              disposition: value === "accepted" ? "accepted" : "notAffected",
              justification: "",
            })
          }
        />
      </div>
      {wanted.disposition === "notAffected" ? (
        <Choice
          label="Why it is not affected"
          value={wanted.justification ?? ""}
          options={[
            ["", "Why is it not affected?"],
            ...JUSTIFICATIONS.map((word) => [word, word.replaceAll("_", " ")] as const),
          ]}
          onChange={(value) =>
            change({ justification: JUSTIFICATIONS.find((word) => word === value) ?? "" })
          }
        />
      ) : null}
      <TextField
        label="Finding"
        placeholder="CVE-2026-1234"
        value={wanted.finding}
        onChange={(finding) => change({ finding })}
      />
      <TextField
        label="Namespace"
        value={wanted.namespace}
        onChange={(namespace) => change({ namespace })}
      />
      <TextField
        label="Application"
        secondaryLabel="Empty: every application of the namespace"
        value={wanted.application ?? ""}
        onChange={(application) => change({ application })}
      />
      <TextField
        label="Days"
        value={String(wanted.days)}
        onChange={(days) => change({ days: Math.min(365, Math.max(1, Number(days) || 1)) })}
      />
      <TextAreaField
        label="Reason"
        value={wanted.reason}
        onChange={(reason) => change({ reason })}
      />
      <Refused error={request.error} />
    </Ask>
  );
}
