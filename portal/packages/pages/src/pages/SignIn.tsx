import { Button, PasswordField, TextField } from "@backstage/ui";
import { HubError } from "@idp/client";
import { type FormEvent, useEffect, useState } from "react";
import { Logo } from "../app/Shell";
import { useSignIn } from "../data/queries";
import { Remedy, Words } from "../parts/Words";

export function SignInPage() {
  const signIn = useSignIn();
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
        <Button type="submit" variant="primary" isPending={signIn.isPending}>
          Sign in
        </Button>
        <p className="idp-quiet">
          The first administrator is <code>admin</code>; <code>idp-cli up</code> showed the password
          once. <code>idp-cli users set-password NAME</code> sets another.
        </p>
      </form>
    </main>
  );
}
