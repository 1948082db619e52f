import { Button, TextField } from "@backstage/ui";
import { RiAddLine, RiFileCopyLine } from "@remixicon/react";
import { useState } from "react";
import { useMakeToken } from "../../data/settings";
import { Ask } from "../../parts/Dialogs";
import { Refused } from "../../parts/Refused";
import { Sessions } from "./Sessions";

export function Tokens() {
  const [making, setMaking] = useState(false);
  return (
    <div className="idp-stack">
      <div className="idp-toolbar">
        <Button
          size="small"
          variant="primary"
          iconStart={<RiAddLine />}
          onPress={() => setMaking(true)}
        >
          Make a token
        </Button>
      </div>
      <Sessions tokens />
      {making ? <MakeToken close={() => setMaking(false)} /> : null}
    </div>
  );
}

function MakeToken({ close }: { close: () => void }) {
  const make = useMakeToken();
  const [label, setLabel] = useState("");
  const [scope, setScope] = useState<"read" | "everything">("read");
  const [days, setDays] = useState("90");
  if (make.data) return <Made secret={make.data.token} close={close} />;
  return (
    <Ask
      title="Make a token"
      close={close}
      footer={
        <Button
          variant="primary"
          isDisabled={label.trim() === ""}
          isPending={make.isPending}
          onPress={() => make.mutate({ label, scope, days: Number(days) })}
        >
          Make it
        </Button>
      }
    >
      <p>A program that has it acts in your name, with your rights, until it expires.</p>
      <TextField
        label="What is it for?"
        value={label}
        onChange={setLabel}
        isRequired
        maxLength={80}
        autoFocus
        autoComplete="off"
      />
      <label className="idp-choice">
        It may
        <select
          className="idp-select"
          value={scope}
          onChange={(event) => setScope(event.target.value as typeof scope)}
        >
          <option value="read">read, and change nothing</option>
          <option value="everything">do everything that you may</option>
        </select>
      </label>
      <label className="idp-choice">
        It expires after
        <select
          className="idp-select"
          value={days}
          onChange={(event) => setDays(event.target.value)}
        >
          {[1, 7, 30, 90, 365].map((known) => (
            <option key={known} value={known}>
              {known === 1 ? "1 day" : `${known} days`}
            </option>
          ))}
        </select>
      </label>
      <Refused error={make.error} />
    </Ask>
  );
}

/** A secret that is shown this once. */
export function Made({ secret, close }: { secret: string; close: () => void }) {
  const [copied, setCopied] = useState(false);
  return (
    <Ask title="Copy it now" close={close} footer={null} leave="Done">
      <p>It is shown this once; only a hash of it is kept.</p>
      <code className="idp-secret">{secret}</code>
      <Button
        variant="primary"
        iconStart={<RiFileCopyLine />}
        onPress={() => void navigator.clipboard.writeText(secret).then(() => setCopied(true))}
      >
        {copied ? "Copied" : "Copy"}
      </Button>
    </Ask>
  );
}
