import { Button, Checkbox, TextField } from "@backstage/ui";
import { RiUserAddLine } from "@remixicon/react";
import { useState } from "react";
import { useSession } from "../../data/hub";
import {
  ADMINISTRATORS,
  generatePassword,
  type User,
  useChangeUser,
  useCreateUser,
  useUsers,
} from "../../data/settings";
import { Ask } from "../../parts/Dialogs";
import { Badge } from "../../parts/Health";
import { Refused } from "../../parts/Refused";
import { Found } from "../../parts/State";
import { Sessions } from "./Sessions";
import { Made } from "./Tokens";

type Doing = { what: "create" } | { what: "password" | "groups" | "sessions"; user: User };

export function Users() {
  const query = useUsers();
  const change = useChangeUser();
  const me = useSession().user;
  const [doing, setDoing] = useState<Doing | null>(null);
  const close = () => setDoing(null);
  return (
    <div className="idp-stack">
      <div className="idp-toolbar">
        <Button
          size="small"
          variant="primary"
          iconStart={<RiUserAddLine />}
          onPress={() => setDoing({ what: "create" })}
        >
          Create a user
        </Button>
      </div>
      <Refused error={change.error} />
      <Found query={query}>
        {(users) => (
          <div className="idp-card idp-table-scroll">
            <table className="idp-table">
              <thead>
                <tr>
                  <th scope="col">Name</th>
                  <th scope="col">Groups</th>
                  <th scope="col">
                    <span className="idp-hidden">Change</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {users
                  .filter((user) => !user.name.startsWith("instance."))
                  .map((user) => (
                    <tr key={user.name}>
                      <td>
                        {user.name}{" "}
                        {user.disabled ? <Badge state="Failed" label="Disabled" /> : null}
                      </td>
                      <td>{user.groups.map((group) => group.replace(/^idp:/, "")).join(", ")}</td>
                      <td>
                        <span className="idp-row-actions">
                          {(["password", "groups", "sessions"] as const).map((what) => (
                            <Button
                              key={what}
                              size="small"
                              variant="secondary"
                              aria-label={`${LABELS[what]} of ${user.name}`}
                              onPress={() => setDoing({ what, user })}
                            >
                              {LABELS[what]}
                            </Button>
                          ))}
                          {user.name === me ? null : (
                            <Button
                              size="small"
                              variant="secondary"
                              destructive={!user.disabled}
                              aria-label={`${user.disabled ? "Enable" : "Disable"} ${user.name}`}
                              onPress={() =>
                                change.mutate({ name: user.name, disabled: !user.disabled })
                              }
                            >
                              {user.disabled ? "Enable" : "Disable"}
                            </Button>
                          )}
                        </span>
                      </td>
                    </tr>
                  ))}
              </tbody>
            </table>
          </div>
        )}
      </Found>
      {doing?.what === "create" ? <CreateUser close={close} /> : null}
      {doing?.what === "password" ? <ResetPassword user={doing.user} close={close} /> : null}
      {doing?.what === "groups" ? <ChangeGroups user={doing.user} close={close} /> : null}
      {doing?.what === "sessions" ? (
        <Ask title={`Sessions of ${doing.user.name}`} close={close} footer={null} leave="Done" wide>
          <Sessions user={doing.user.name} />
        </Ask>
      ) : null}
    </div>
  );
}

const LABELS = { password: "Reset password", groups: "Groups", sessions: "Sessions" };

function CreateUser({ close }: { close: () => void }) {
  const create = useCreateUser();
  const [name, setName] = useState("");
  const [groups, setGroups] = useState<readonly string[]>(["idp:developers"]);
  const [password] = useState(generatePassword);
  if (create.isSuccess) return <Made secret={password} close={close} />;
  return (
    <Ask
      title="Create a user"
      close={close}
      footer={
        <Button
          variant="primary"
          isDisabled={name === ""}
          isPending={create.isPending}
          onPress={() => create.mutate({ name, password, groups: [...groups] })}
        >
          Create
        </Button>
      }
    >
      <TextField
        label="Name"
        description="Small letters, digits, '-' and '.'. A user of this name gets a new password."
        value={name}
        onChange={setName}
        isRequired
        autoFocus
        autoComplete="off"
      />
      <GroupChoice groups={groups} choose={setGroups} />
      <p className="idp-quiet">A password is made and shown once.</p>
      <Refused error={create.error} />
    </Ask>
  );
}

function ResetPassword({ user, close }: { user: User; close: () => void }) {
  const change = useChangeUser();
  const [password] = useState(generatePassword);
  if (change.isSuccess) return <Made secret={password} close={close} />;
  return (
    <Ask
      title={`Reset the password of ${user.name}`}
      close={close}
      footer={
        <Button
          variant="primary"
          destructive
          isPending={change.isPending}
          onPress={() => change.mutate({ name: user.name, password })}
        >
          Reset
        </Button>
      }
    >
      <p>A new password is made and shown once. All sessions and tokens of {user.name} end.</p>
      <Refused error={change.error} />
    </Ask>
  );
}

function ChangeGroups({ user, close }: { user: User; close: () => void }) {
  const change = useChangeUser();
  const [groups, setGroups] = useState<readonly string[]>(user.groups);
  return (
    <Ask
      title={`Groups of ${user.name}`}
      close={close}
      footer={
        <Button
          variant="primary"
          isPending={change.isPending}
          onPress={() =>
            change.mutate({ name: user.name, groups: [...groups] }, { onSuccess: close })
          }
        >
          Save
        </Button>
      }
    >
      <GroupChoice groups={groups} choose={setGroups} />
      <Refused error={change.error} />
    </Ask>
  );
}

function GroupChoice({
  groups,
  choose,
}: {
  groups: readonly string[];
  choose: (groups: readonly string[]) => void;
}) {
  const { environments } = useSession();
  const known = [
    "idp:developers",
    ...environments.map((environment) => `idp:approvers:${environment}`),
    "idp:viewers",
    ADMINISTRATORS,
  ];
  return (
    <fieldset className="idp-groups">
      <legend>Groups</legend>
      {[...new Set([...known, ...groups])].map((group) => (
        <Checkbox
          key={group}
          isSelected={groups.includes(group)}
          onChange={(on) =>
            choose(on ? [...groups, group] : groups.filter((other) => other !== group))
          }
        >
          {group}
        </Checkbox>
      ))}
    </fieldset>
  );
}
