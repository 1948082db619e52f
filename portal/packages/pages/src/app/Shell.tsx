/** The frame of every page: navigation, search, theme, and who is signed in. */
import {
  RiAddCircleLine,
  RiCheckDoubleLine,
  RiCompass3Line,
  RiDashboardLine,
  RiFlowChart,
  RiGitBranchLine,
  RiHistoryLine,
  RiHome5Line,
  RiLogoutBoxRLine,
  RiMenuLine,
  RiMoonLine,
  RiSearchLine,
  RiServerLine,
  RiSettings3Line,
  RiShieldCheckLine,
  RiSunLine,
} from "@remixicon/react";

import { type ReactNode, useEffect, useRef, useState } from "react";
import { NavLink, useLocation, useNavigate } from "react-router-dom";
import { useSession } from "../data/hub";
import { useLive } from "../data/live";
import { useInbox, useSignOut } from "../data/queries";
import { CommandPalette } from "./CommandPalette";
import { Help } from "./Help";
import { useShortcuts } from "./shortcuts";
import { chooseTheme, useTheme } from "./theme";

export const PAGES = [
  { to: "/", label: "Home", icon: RiHome5Line, key: "h" },
  { to: "/board", label: "Board", icon: RiDashboardLine, key: "b" },
  { to: "/approvals", label: "Approvals", icon: RiCheckDoubleLine, key: "a" },
  { to: "/workflows", label: "Workflows", icon: RiFlowChart, key: "w" },
  { to: "/gitops", label: "GitOps", icon: RiGitBranchLine, key: "g" },
  { to: "/security", label: "Security", icon: RiShieldCheckLine, key: "s" },
  { to: "/audit", label: "Audit", icon: RiHistoryLine, key: "u" },
  { to: "/platform", label: "Platform", icon: RiServerLine, key: "p" },
  { to: "/create", label: "Create", icon: RiAddCircleLine, key: "c" },
  { to: "/explore", label: "Explore", icon: RiCompass3Line, key: "e" },
  { to: "/settings", label: "Settings", icon: RiSettings3Line, key: "o" },
] as const;

export function Shell({ children }: { children: ReactNode }) {
  const live = useLive();
  const [searching, setSearching] = useState(false);
  const [helping, setHelping] = useState(false);
  const [menu, setMenu] = useState(false);
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);

  // biome-ignore lint/correctness/useExhaustiveDependencies: when another page is shown
  useEffect(() => {
    setMenu(false);
    if (first.current) {
      first.current = false;
      return;
    }
    // Readers of the screen hear that another page is there, and the keyboard begins at its top.
    main.current?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, [pathname]);

  useShortcuts({
    search: () => setSearching(true),
    help: () => setHelping(true),
    pages: Object.fromEntries(PAGES.map((page) => [page.key, page.to])),
    go: navigate,
  });

  return (
    <div className="idp-shell">
      <a className="idp-skip" href="#main">
        Skip to the content
      </a>
      <header className="idp-side" data-open={menu}>
        <div className="idp-brand">
          <Logo />
          <span>IDP</span>
          <button
            type="button"
            className="idp-icon-button idp-menu-button"
            aria-expanded={menu}
            aria-label="Menu"
            onClick={() => setMenu(!menu)}
          >
            <RiMenuLine size={20} aria-hidden />
          </button>
        </div>
        <div className="idp-side-content">
          <button type="button" className="idp-search" onClick={() => setSearching(true)}>
            <RiSearchLine size={16} aria-hidden />
            <span>Search</span>
            <kbd>Ctrl K</kbd>
          </button>
          <Navigation />
          <Foot live={live} />
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        {children}
      </main>
      {helping ? <Help close={() => setHelping(false)} /> : null}
      {searching ? <CommandPalette close={() => setSearching(false)} /> : null}
    </div>
  );
}

function Navigation() {
  const inbox = useInbox();
  const mine = inbox.data?.waiting.filter((promotion) => promotion.mayDecide).length ?? 0;
  return (
    <nav aria-label="Pages">
      {PAGES.map(({ to, label, icon: Icon }) => (
        <NavLink key={to} to={to} end={to === "/"} className="idp-nav">
          <Icon size={18} aria-hidden />
          <span>{label}</span>
          {to === "/approvals" && mine > 0 ? (
            <>
              {" "}
              <span className="idp-count" title="wait for your decision">
                {mine}
              </span>
            </>
          ) : null}
        </NavLink>
      ))}
    </nav>
  );
}

function Foot({ live }: { live: boolean }) {
  const session = useSession();
  const signOut = useSignOut();
  const theme = useTheme();
  const other = theme === "dark" ? "light" : "dark";
  return (
    <div className="idp-foot">
      <span className="idp-live" data-live={live} role="status">
        {live ? "Live" : "Connecting"}
      </span>
      <div className="idp-who">
        <span className="idp-avatar" aria-hidden>
          {session.user.slice(0, 1).toUpperCase()}
        </span>
        <span className="idp-who-name">
          <strong>{session.user}</strong>
          <small title={session.groups.join(", ")}>
            {session.groups.map((group) => group.replace(/^idp:/, "")).join(", ") || "no group"}
          </small>
        </span>
        <button
          type="button"
          className="idp-icon-button"
          aria-label={`Show in ${other}`}
          title={`Show in ${other}`}
          onClick={() => chooseTheme(other)}
        >
          {theme === "dark" ? (
            <RiSunLine size={18} aria-hidden />
          ) : (
            <RiMoonLine size={18} aria-hidden />
          )}
        </button>
        <button
          type="button"
          className="idp-icon-button"
          aria-label="Sign out"
          title="Sign out"
          onClick={() => signOut.mutate()}
        >
          <RiLogoutBoxRLine size={18} aria-hidden />
        </button>
      </div>
    </div>
  );
}

export function Logo({ size = 28 }: { size?: number }) {
  return <img src="/favicon.svg" width={size} height={size} alt="" />;
}
