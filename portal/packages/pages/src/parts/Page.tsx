import { type ReactNode, useEffect } from "react";
import { Link } from "react-router-dom";

export interface Crumb {
  label: string;
  to: string;
}

/** A page: where one is, what it is called, what can be done, and the content. */
export function Page({
  title,
  lead,
  crumbs = [],
  actions,
  children,
}: {
  title: string;
  lead?: ReactNode;
  crumbs?: readonly Crumb[];
  actions?: ReactNode;
  children: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · IDP`;
  }, [title]);
  return (
    <div className="idp-page">
      <header className="idp-page-header">
        <div>
          {crumbs.length > 0 ? (
            <nav aria-label="Breadcrumb" className="idp-crumbs">
              {crumbs.map((crumb) => (
                <Link key={crumb.to} to={crumb.to}>
                  {crumb.label}
                </Link>
              ))}
            </nav>
          ) : null}
          <h1>{title}</h1>
          {lead ? <div className="idp-lead">{lead}</div> : null}
        </div>
        {actions ? <div className="idp-actions">{actions}</div> : null}
      </header>
      {children}
    </div>
  );
}

export function Section({
  title,
  aside,
  children,
}: {
  title: string;
  aside?: ReactNode;
  children: ReactNode;
}) {
  return (
    <section className="idp-section" aria-label={title}>
      <div className="idp-section-head">
        <h2>{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  );
}
