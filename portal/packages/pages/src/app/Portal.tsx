/** The whole portal: who is signed in, the frame, and the page of the address. */
import { BUIProvider } from "@backstage/ui";
import { QueryClientProvider } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { BrowserRouter, Navigate, Route, Routes } from "react-router-dom";
import { SessionProvider } from "../data/hub";
import { newQueryClient, useSessionQuery } from "../data/queries";
import { ApplicationPage } from "../pages/Application";
import { ApprovalsPage } from "../pages/Approvals";
import { AuditPage } from "../pages/Audit";
import { BoardPage } from "../pages/Board";
import { HomePage } from "../pages/Home";
import { PlatformPage } from "../pages/Platform";
import { PromotionPage } from "../pages/Promotion";
import { SignInPage } from "../pages/SignIn";
import { Page } from "../parts/Page";
import { Empty, Failure, Loading } from "../parts/State";
import { ROUTES } from "./routes";
import { Shell } from "./Shell";

// What not every visit needs comes when it is asked for.
const ReleasePage = lazy(() => import("../pages/Release"));
const WorkflowsPage = lazy(() => import("../pages/Workflows"));
const WorkflowPage = lazy(() => import("../pages/Workflow"));
const GitOpsPage = lazy(() => import("../pages/GitOps"));
const SyncedPage = lazy(() => import("../pages/Synced"));
const SecurityPage = lazy(() => import("../pages/Security"));
const InstancePage = lazy(() => import("../pages/Instance"));
const FindingPage = lazy(() => import("../pages/Finding"));
const ExplorePage = lazy(() => import("../pages/Explore"));
const SettingsPage = lazy(() => import("../pages/Settings"));
const CreatePage = lazy(() => import("../pages/Create"));

export function Portal() {
  const [client] = useState(newQueryClient);
  return (
    <QueryClientProvider client={client}>
      <BrowserRouter future={{ v7_startTransition: true, v7_relativeSplatPath: true }}>
        <BUIProvider>
          <Gate />
        </BUIProvider>
      </BrowserRouter>
    </QueryClientProvider>
  );
}

function Gate() {
  const session = useSessionQuery();
  if (session.data === undefined) {
    return (
      <main className="idp-alone">
        {session.error ? (
          <Failure error={session.error} retry={() => void session.refetch()} />
        ) : (
          <Loading rows={2} />
        )}
      </main>
    );
  }
  // The address stays as it is: after signing in one is where one wanted to be.
  if (session.data === null) return <SignInPage />;
  return (
    <SessionProvider value={session.data}>
      <Shell>
        <Suspense fallback={<Loading />}>
          <Routes>
            <Route path={ROUTES.home} element={<HomePage />} />
            <Route path="/sign-in" element={<Navigate to={ROUTES.home} replace />} />
            <Route path={ROUTES.board} element={<BoardPage />} />
            <Route path={ROUTES.application} element={<ApplicationPage />} />
            <Route path={ROUTES.release} element={<ReleasePage />} />
            <Route path={ROUTES.promotion} element={<PromotionPage />} />
            <Route path={ROUTES.approvals} element={<ApprovalsPage />} />
            <Route path={ROUTES.workflows} element={<WorkflowsPage />} />
            <Route path={ROUTES.workflow} element={<WorkflowPage />} />
            <Route path={ROUTES.gitops} element={<GitOpsPage />} />
            <Route path={ROUTES.synced} element={<SyncedPage />} />
            <Route path={ROUTES.security} element={<SecurityPage />} />
            <Route path={ROUTES.finding} element={<FindingPage />} />
            <Route path={ROUTES.audit} element={<AuditPage />} />
            <Route path={ROUTES.platform} element={<PlatformPage />} />
            <Route path={ROUTES.instance} element={<InstancePage />} />
            <Route path={ROUTES.explore} element={<ExplorePage />} />
            <Route path={ROUTES.create} element={<CreatePage />} />
            <Route path={ROUTES.settings} element={<SettingsPage />} />
            <Route path={ROUTES.creation} element={<CreatePage />} />
            <Route
              path="*"
              element={
                <Page title="No such page">
                  <Empty title="There is no page at this address">The menu shows all pages.</Empty>
                </Page>
              }
            />
          </Routes>
        </Suspense>
      </Shell>
    </SessionProvider>
  );
}
