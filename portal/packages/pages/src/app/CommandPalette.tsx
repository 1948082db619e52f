/** Ctrl K: go to any page or application by typing a part of its name. */
import { Dialog, DialogHeader } from "@backstage/ui";
import { RiAppsLine, RiMoonLine } from "@remixicon/react";
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
import { useNavigate } from "react-router-dom";
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

export function CommandPalette({ close }: { close: () => void }) {
  const navigate = useNavigate();
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const board = useBoard(text.trim());
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
