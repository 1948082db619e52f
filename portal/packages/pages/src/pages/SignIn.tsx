import { Button, PasswordField, TextField } from "@backstage/ui";
import { HubError } from "@idp/client";
import { type FormEvent, useEffect, useState } from "react";
import { Logo } from "../app/Shell";
import { useSignIn, useSignInMethods } from "../data/queries";
import { Remedy, Words } from "../parts/Words";

const PROBLEMS: Record<string, string> = {
  refused: "Single sign-on did not prove who you are. Try again from here.",
  forbidden:
    "This user may not come in by single sign-on: it is disabled, or has a password of its own.",
  unavailable: "Single sign-on does not answer. A name and a password still work.",
};

/** Where single sign-on begins; afterwards one is where one wanted to be. */
function oidcAddress(): string {
  const { pathname, search } = window.location;
  const page = pathname === "/sign-in" ? "/" : `${pathname}${search}`;
  return `/api/v1/session/oidc?page=${encodeURIComponent(page)}`;
}

export function SignInPage() {
  const signIn = useSignIn();
  const methods = useSignInMethods();
  const problem = PROBLEMS[new URLSearchParams(window.location.search).get("problem") ?? ""];
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  useEffect(() => {
    document.title = "Sign in · IDP";
  }, []);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate({ name: name.trim(), password });
  };
  return (
    <main className="idp-sign-in">
      <form className="idp-card idp-sign-in-card" onSubmit={submit} aria-labelledby="sign-in">
        <Logo size={44} />
        <h1 id="sign-in">Sign in</h1>
        <p className="idp-quiet">From git push to production, on one page.</p>
        <TextField
          label="Name"
          name="username"
          autoComplete="username"
          value={name}
          onChange={setName}
          autoFocus
        />
        <PasswordField
          label="Password"
          name="password"
          autoComplete="current-password"
          value={password}
          onChange={setPassword}
        />
        {signIn.error ? (
          <div className="idp-note" data-tone="bad" role="alert">
            <div>
              <Words>{signIn.error.message}</Words>
              <Remedy>{signIn.error instanceof HubError ? signIn.error.remedy : ""}</Remedy>
            </div>
          </div>
        ) : null}
        {problem ? (
          <div className="idp-note" data-tone="bad" role="alert">
            {problem}
          </div>
        ) : null}
        <Button type="submit" variant="primary" isPending={signIn.isPending}>
          Sign in
        </Button>
        {methods.data?.oidc ? <a href={oidcAddress()}>Sign in with single sign-on</a> : null}
        <p className="idp-quiet">
          The first administrator is <code>admin</code>; <code>idp-cli up</code> showed the password
          once. <code>idp-cli users set-password NAME</code> sets another.
        </p>
      </form>
    </main>
  );
}
