/** The addresses of the pages. The hub serves the portal under the first part of each. */
export const ROUTES = {
  home: "/",
  board: "/board",
  application: "/applications/:namespace/:name",
  promotion: "/promotions/:environment/:namespace/:name",
  approvals: "/approvals",
  audit: "/audit",
  platform: "/platform",
  explore: "/explore/*",
  create: "/create",
  settings: "/settings",
  creation: "/create/:namespace/:name/:commit",
} as const;

export const to = {
  creation: (namespace: string, name: string, commit: string) =>
    `/create/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}/${commit}`,
  application: (namespace: string, name: string) =>
    `/applications/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`,
  promotion: (environment: string, namespace: string, name: string) =>
    `/promotions/${encodeURIComponent(environment)}/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`,
};
