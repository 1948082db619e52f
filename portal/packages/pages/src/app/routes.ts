/** The addresses of the pages. The hub serves the portal under the first part of each. */
export const ROUTES = {
  home: "/",
  board: "/board",
  application: "/applications/:namespace/:name",
  release: "/releases/:namespace/:application/:version",
  promotion: "/promotions/:environment/:namespace/:name",
  approvals: "/approvals",
  workflows: "/workflows",
  workflow: "/workflows/:environment/:namespace/:name",
  gitops: "/gitops",
  synced: "/gitops/:environment/:namespace/:name",
  security: "/security",
  finding: "/security/:environment/:name",
  audit: "/audit",
  platform: "/platform",
  instance: "/platform/:environment",
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
  release: (namespace: string, application: string, version: string) =>
    `/releases/${encodeURIComponent(namespace)}/${encodeURIComponent(application)}/${encodeURIComponent(version)}`,
  findings: () => "/security",
  finding: (environment: string, name: string) =>
    `/security/${encodeURIComponent(environment)}/${encodeURIComponent(name)}`,
  workflow: (environment: string, namespace: string, name: string) =>
    `/workflows/${encodeURIComponent(environment)}/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`,
  synced: (environment: string, namespace: string, name: string) =>
    `/gitops/${encodeURIComponent(environment)}/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`,
  instance: (environment: string) => `/platform/${encodeURIComponent(environment)}`,
  promotion: (environment: string, namespace: string, name: string) =>
    `/promotions/${encodeURIComponent(environment)}/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`,
};
