/** Ctrl K: go to any page or application by typing a part of its name. */
import { Dialog, DialogHeader } from "@backstage/ui";
import { RiAppsLine, RiCornerDownRightLine, RiMoonLine } from "@remixicon/react";
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
import { useNavigate } from "react-router-dom";
import { useSession } from "../data/hub";
import { useBoard } from "../data/queries";
import { to } from "./routes";
import { PAGES } from "./Shell";
import { chooseTheme, currentTheme } from "./theme";

interface Choice {
  id: string;
  label: string;
  hint: string;
  icon: ReactNode;
  run: () => void;
}

const SHOWN = 12;

/** What is worth going to at once, below the pages themselves. */
const PLACES = [
  { to: "/security?overdue=true", label: "Overdue findings", hint: "Security" },
  { to: "/security?tab=trends", label: "Trends of findings", hint: "Security" },
  { to: "/security?tab=exceptions", label: "Exceptions", hint: "Security" },
  { to: "/security?tab=exceptions&ask=exception", label: "Ask for an exception", hint: "Security" },
  { to: "/security?tab=profiles", label: "Rules for findings", hint: "Security" },
  { to: "/gitops?sync=drift", label: "What is out of sync", hint: "GitOps" },
  { to: "/workflows?phase=Running", label: "Workflows at work", hint: "Workflows" },
  { to: "/workflows?phase=Failed", label: "Failed workflows", hint: "Workflows" },
] as const;
const OF_AN_INSTANCE = [
  { label: "Health and capacity", address: to.instance },
  { label: "GitOps", address: (name: string) => `/gitops?environment=${encodeURIComponent(name)}` },
  {
    label: "Findings",
    address: (name: string) => `/security?environment=${encodeURIComponent(name)}`,
  },
  { label: "Audit", address: (name: string) => `/audit?environment=${encodeURIComponent(name)}` },
] as const;

export function CommandPalette({ close }: { close: () => void }) {
  const navigate = useNavigate();
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const board = useBoard(text.trim());
  const session = useSession();
  const list = useId();
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);

  const go = (address: string) => () => {
    close();
    navigate(address);
  };
  const other = currentTheme() === "dark" ? "light" : "dark";
  const wanted = text.trim().toLowerCase();
  const fixed: Choice[] = [
    ...PAGES.map(({ to: address, label, icon: Icon }) => ({
      id: address,
      label,
      hint: "Page",
      icon: <Icon size={16} aria-hidden />,
      run: go(address),
    })),
    ...PLACES.map(({ to: address, label, hint }) => ({
      id: address,
      label,
      hint,
      icon: <RiCornerDownRightLine size={16} aria-hidden />,
      run: go(address),
    })),
    ...session.environments.flatMap((environment) =>
      OF_AN_INSTANCE.map(({ label, address }) => ({
        id: address(environment),
        label: `${label} of ${environment}`,
        hint: "Instance",
        icon: <RiCornerDownRightLine size={16} aria-hidden />,
        run: go(address(environment)),
      })),
    ),
    {
      id: "theme",
      label: `Show in ${other}`,
      hint: "Theme",
      icon: <RiMoonLine size={16} aria-hidden />,
      run: () => {
        chooseTheme(other);
        close();
      },
    },
  ].filter((choice) => choice.label.toLowerCase().includes(wanted));
  const applications: Choice[] = (board.data?.rows ?? []).map((row) => ({
    id: `${row.namespace}/${row.name}`,
    label: row.name,
    hint: row.namespace,
    icon: <RiAppsLine size={16} aria-hidden />,
    run: go(to.application(row.namespace, row.name)),
  }));
  const choices = [...applications, ...fixed].slice(0, SHOWN);
  const chosen = Math.min(at, choices.length - 1);

  const onKey = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") setAt((chosen + 1) % Math.max(choices.length, 1));
    else if (event.key === "ArrowUp") setAt((chosen - 1 + choices.length) % choices.length);
    else if (event.key === "Enter") choices[chosen]?.run();
    else return;
    event.preventDefault();
  };

  return (
    <Dialog
      isOpen
      onOpenChange={(open) => !open && close()}
      isDismissable
      width={560}
      className="idp-palette"
    >
      <DialogHeader className="idp-palette-title">Search</DialogHeader>
      <input
        ref={input}
        className="idp-palette-input"
        placeholder="Go to an application or a page"
        aria-label="Go to an application or a page"
        role="combobox"
        aria-expanded
        aria-controls={list}
        aria-activedescendant={choices[chosen] ? `${list}-${chosen}` : undefined}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
        }}
        onKeyDown={onKey}
      />
      <div id={list} role="listbox" aria-label="Found" className="idp-palette-list">
        {choices.map((choice, n) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the input has the keyboard
          // biome-ignore lint/a11y/useFocusableInteractive: the input has the focus
          <div
            key={choice.id}
            id={`${list}-${n}`}
            role="option"
            aria-selected={n === chosen}
            className="idp-palette-choice"
            onClick={choice.run}
            onMouseMove={() => setAt(n)}
          >
            {choice.icon}
            <span>{choice.label}</span>
            <small>{choice.hint}</small>
          </div>
        ))}
      </div>
      {choices.length === 0 ? <p className="idp-palette-none">Nothing has that name.</p> : null}
    </Dialog>
  );
}
