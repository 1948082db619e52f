/** One object of any kind: its YAML, an editor with a dry run before anything is saved, deletion. */
import { Button, Switch, TextField } from "@backstage/ui";
import { HubError } from "@idp/client";
import { RiDeleteBinLine, RiEditLine, RiFileCopyLine } from "@remixicon/react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useMemo, useState } from "react";
import { useNavigate } from "react-router-dom";
import { parse, stringify } from "yaml";
import { editable, kept, type Mapping, patchOf } from "../data/apply";
import { apply, useDelete, useMay, useObject, useSchemas } from "../data/explore";
import { problems } from "../data/schema";
import { Ask } from "../parts/Dialogs";
import { Refused } from "../parts/Refused";
import { Found, Loading } from "../parts/State";

const CodeEditor = lazy(() => import("../parts/CodeEditor"));

export interface ObjectAddress {
  environment: string;
  /** Such as `apis/apps/v1`. */
  base: string;
  plural: string;
  namespace?: string | undefined;
  name: string;
}

export function ExploreObject({ address }: { address: ObjectAddress }) {
  const { environment, base, plural, namespace, name } = address;
  const path = `${base}/${namespace ? `namespaces/${namespace}/` : ""}${plural}/${name}`;
  const query = useObject(environment, path);
  const [managed, setManaged] = useState(false);
  const [editing, setEditing] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const group = base.startsWith("apis/") ? (base.split("/")[1] ?? "") : "";
  const place = { group, plural, namespace, name };
  const mayEdit = useMay(environment, "patch", place);
  const mayDelete = useMay(environment, "delete", place);
  return (
    <Found query={query}>
      {(object) => {
        const live = object as Mapping;
        if (editing) {
          return <Edit address={address} path={path} live={live} close={() => setEditing(false)} />;
        }
        const text = stringify(managed ? live : withoutManagedFields(live), { lineWidth: 0 });
        return (
          <>
            <div className="idp-toolbar">
              <Switch label="Managed fields" isSelected={managed} onChange={setManaged} />
              <Button
                size="small"
                variant="secondary"
                iconStart={<RiFileCopyLine />}
                onPress={() => void navigator.clipboard.writeText(text)}
              >
                Copy
              </Button>
              {mayEdit ? (
                <Button
                  size="small"
                  variant="secondary"
                  iconStart={<RiEditLine />}
                  onPress={() => setEditing(true)}
                >
                  Edit
                </Button>
              ) : null}
              {mayDelete ? (
                <Button
                  size="small"
                  variant="secondary"
                  destructive
                  iconStart={<RiDeleteBinLine />}
                  onPress={() => setDeleting(true)}
                >
                  Delete
                </Button>
              ) : null}
            </div>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
            <pre className="idp-card idp-yaml" tabIndex={0}>
              <code>{text}</code>
            </pre>
            {deleting ? (
              <DeleteDialog address={address} path={path} close={() => setDeleting(false)} />
            ) : null}
          </>
        );
      }}
    </Found>
  );
}

function Edit({
  address,
  path,
  live,
  close,
}: {
  address: ObjectAddress;
  path: string;
  live: Mapping;
  close: () => void;
}) {
  const client = useQueryClient();
  const schemas = useSchemas(address.environment, address.base);
  // What is edited is what was there when editing began; a save is checked against what is there.
  const [original] = useState(live);
  const [text, setText] = useState(() => stringify(editable(original), { lineWidth: 0 }));
  const [force, setForce] = useState(false);
  const schema = useMemo(() => {
    const [group, version] = String(original.apiVersion).includes("/")
      ? String(original.apiVersion).split("/")
      : ["", String(original.apiVersion)];
    const root = schemas.data?.ofKind(group ?? "", version ?? "", String(original.kind));
    return schemas.data && root ? { schemas: schemas.data, root } : undefined;
  }, [schemas.data, original]);
  const send = (dry: boolean, forced: boolean) => {
    const edited = parsed(text);
    const patch = patchOf(original, edited);
    if (patch === null) throw new HubError("nothing was changed", 422, "", "");
    return apply(address.environment, path, patch, { dry, force: forced });
  };
  const check = useMutation({
    mutationFn: async (forced: boolean) => {
      const wrong = schema ? problems(text, schema.schemas, schema.root) : [];
      if (wrong[0]) throw new HubError(wrong[0].message, 422, "Correct it; nothing was saved.", "");
      return send(true, forced);
    },
  });
  const save = useMutation({
    mutationFn: () => send(false, force),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["object", address.environment] });
      close();
    },
  });
  const conflicts = conflictsOf(check.error ?? save.error);
  const review = check.data;
  return (
    <>
      <div className="idp-toolbar">
        {review ? (
          <>
            <Button
              size="small"
              variant="primary"
              onPress={() => save.mutate()}
              isPending={save.isPending}
            >
              Save
            </Button>
            <Button
              size="small"
              variant="secondary"
              onPress={() => {
                check.reset();
                save.reset();
              }}
            >
              Back to the text
            </Button>
          </>
        ) : (
          <Button
            size="small"
            variant="primary"
            onPress={() => {
              setForce(false);
              check.mutate(false);
            }}
            isPending={check.isPending}
          >
            Review changes
          </Button>
        )}
        <Button size="small" variant="secondary" onPress={close}>
          Cancel
        </Button>
      </div>
      {conflicts.length > 0 ? (
        <Conflicts
          conflicts={conflicts}
          take={() => {
            setForce(true);
            save.reset();
            check.mutate(true);
          }}
        />
      ) : (
        <Refused error={check.error ?? save.error} />
      )}
      {review ? <Kept paths={kept(original, parsed(text), review)} /> : null}
      <Suspense fallback={<Loading />}>
        {review ? (
          <>
            <p className="idp-quiet" role="status">
              This is what {address.environment} would make of it; nothing is saved yet.
            </p>
            <CodeEditor label="What would change" text={shown(review)} before={shown(original)} />
          </>
        ) : (
          <CodeEditor label="YAML" text={text} change={setText} schema={schema} />
        )}
      </Suspense>
    </>
  );
}

function shown(object: Mapping): string {
  return stringify(editable(object), { lineWidth: 0 });
}

function parsed(text: string): Mapping {
  const value: unknown = parse(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new HubError("the text is not an object", 422, "", "");
  }
  return value as Mapping;
}

interface Conflict {
  field: string;
  manager: string;
}

/** Which fields belong to whom, from a refused apply. */
export function conflictsOf(error: unknown): Conflict[] {
  if (!(error instanceof HubError) || error.code !== 409) return [];
  return error.causes
    .filter((cause) => cause.reason === "FieldManagerConflict")
    .map((cause) => ({
      field: cause.field,
      manager: /conflict with "([^"]+)"/.exec(cause.message)?.[1] ?? cause.message,
    }));
}

function Conflicts({ conflicts, take }: { conflicts: readonly Conflict[]; take: () => void }) {
  return (
    <div className="idp-note" data-tone="attention" role="alert">
      <div>
        <p>Others manage what you changed, and may change it back:</p>
        <ul>
          {conflicts.map(({ field, manager }) => (
            <li key={`${field} ${manager}`}>
              <code>{field}</code> belongs to <strong>{manager}</strong>
            </li>
          ))}
        </ul>
      </div>
      <Button size="small" variant="secondary" onPress={take}>
        Take these fields over
      </Button>
    </div>
  );
}

function Kept({ paths }: { paths: readonly string[] }) {
  if (paths.length === 0) return null;
  return (
    <div className="idp-note" data-tone="attention" role="status">
      <span>
        You took out {paths.join(", ")}, which {paths.length > 1 ? "stay" : "stays"}: others set{" "}
        {paths.length > 1 ? "them" : "it"}.
      </span>
    </div>
  );
}

function DeleteDialog({
  address,
  path,
  close,
}: {
  address: ObjectAddress;
  path: string;
  close: () => void;
}) {
  const navigate = useNavigate();
  const remove = useDelete(address.environment, path);
  const [typed, setTyped] = useState("");
  return (
    <Ask
      title={`Delete ${address.name} in ${address.environment}`}
      close={close}
      footer={
        <Button
          variant="primary"
          destructive
          isDisabled={typed !== address.name}
          isPending={remove.isPending}
          onPress={() =>
            remove.mutate(undefined, {
              onSuccess: () =>
                navigate(`/explore/${address.environment}/${address.base}/${address.plural}`),
            })
          }
        >
          Delete
        </Button>
      }
    >
      <p>
        It goes with everything that belongs to it. What GitOps keeps in {address.environment} comes
        back.
      </p>
      <TextField
        label={`Type ${address.name} to confirm`}
        value={typed}
        onChange={setTyped}
        autoFocus
      />
      <Refused error={remove.error} />
    </Ask>
  );
}

function withoutManagedFields(object: Mapping): Mapping {
  const { managedFields: _, ...metadata } = object.metadata as Mapping;
  return { ...object, metadata };
}
