/** A new application: choose a template, fill in its form, see every file, watch it come up. */
import { Button, ButtonLink, TextField } from "@backstage/ui";
import { RiArrowRightLine, RiFileTextLine } from "@remixicon/react";
import { type FormEvent, useDeferredValue, useState } from "react";
import { useNavigate, useParams } from "react-router-dom";
import { to } from "../app/routes";
import {
  causesOf,
  defaultsOf,
  type Field,
  type Template,
  useCreate,
  useCreation,
  usePreview,
  useTemplates,
} from "../data/creation";
import { Badge, Dot } from "../parts/Health";
import { Page, Section } from "../parts/Page";
import { Refused } from "../parts/Refused";
import { Found } from "../parts/State";
import { Remedy, Words } from "../parts/Words";

export default function CreatePage() {
  const { namespace, name, commit } = useParams();
  if (namespace && name && commit) {
    return <Coming namespace={namespace} name={name} commit={commit} />;
  }
  return <Choose />;
}

function Choose() {
  const query = useTemplates();
  const [chosen, setChosen] = useState("");
  return (
    <Page
      title="Create an application"
      lead="A repository with code that runs; its first commit goes the way of every push."
    >
      <Found query={query}>
        {(templates) => {
          const template = templates.find((known) => known.name === chosen) ?? templates[0];
          return (
            <>
              <fieldset className="idp-lane" aria-label="Template">
                {templates.map((known) => (
                  <label
                    key={known.name}
                    className="idp-stop"
                    data-chosen={known.name === template?.name}
                  >
                    <input
                      type="radio"
                      name="template"
                      checked={known.name === template?.name}
                      onChange={() => setChosen(known.name)}
                    />
                    <span>
                      <span className="idp-stop-name">{known.title}</span>
                      <small className="idp-quiet idp-template-text">{known.description}</small>
                    </span>
                  </label>
                ))}
              </fieldset>
              {template ? <FillIn key={template.name} template={template} /> : null}
            </>
          );
        }}
      </Found>
    </Page>
  );
}

function FillIn({ template }: { template: Template }) {
  const navigate = useNavigate();
  const create = useCreate();
  const form = template.valuesSchema;
  const [namespace, setNamespace] = useState("demo");
  const [values, setValues] = useState(() => defaultsOf(form));
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const wanted = { template: template.name, namespace, values };
  const preview = usePreview(useDeferredValue(wanted));
  const causes = causesOf(preview.error);
  const touch = (field: string) => setTouched((known) => new Set(known).add(field));
  const wrong = (field: string) => (touched.has(field) ? causes.get(field) : undefined);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTouched(new Set(["namespace", ...Object.keys(form.properties)]));
    create.mutate(wanted, {
      onSuccess: (made) => navigate(to.creation(made.namespace, made.name, made.commit)),
    });
  };
  return (
    <div className="idp-columns">
      <form className="idp-card idp-form" onSubmit={submit} aria-label={template.title}>
        {Object.entries(form.properties).map(([name, field]) => (
          <Value
            key={name}
            name={name}
            field={field}
            required={form.required?.includes(name) ?? false}
            value={values[name] ?? ""}
            wrong={wrong(name)}
            change={(value) => {
              touch(name);
              setValues((known) => ({ ...known, [name]: value }));
            }}
          />
        ))}
        <Value
          name="namespace"
          field={{ type: "string", title: "Namespace", description: "Whose it is.", maxLength: 63 }}
          required
          value={namespace}
          wrong={wrong("namespace")}
          change={(value) => {
            touch("namespace");
            setNamespace(value);
          }}
        />
        <Refused error={create.error} />
        <Button
          type="submit"
          variant="primary"
          isPending={create.isPending}
          isDisabled={preview.error !== null && preview.data !== undefined}
        >
          Create {values.name || "it"}
        </Button>
      </form>
      <Files files={preview.error ? [] : (preview.data ?? [])} needs={[...causes.values()]} />
    </div>
  );
}

function Value({
  name,
  field,
  required,
  value,
  wrong,
  change,
}: {
  name: string;
  field: Field;
  required: boolean;
  value: string;
  wrong: string | undefined;
  change: (value: string) => void;
}) {
  const label = field.title ?? name;
  return (
    <div className="idp-field">
      <TextField
        label={label}
        name={name}
        value={value}
        onChange={change}
        isRequired={required}
        isInvalid={wrong !== undefined}
        maxLength={field.maxLength}
        autoComplete="off"
        {...(field.description === undefined ? {} : { description: field.description })}
      />
      {wrong === undefined ? null : (
        <p className="idp-field-wrong" role="alert">
          {label}: {wrong}
        </p>
      )}
    </div>
  );
}

function Files({
  files,
  needs,
}: {
  files: ReadonlyArray<{ path: string; content: string }>;
  needs: readonly string[];
}) {
  const [chosen, setChosen] = useState("");
  const file =
    files.find((known) => known.path === chosen) ??
    files.find((known) => known.path === "idp.yaml");
  return (
    <Section title="What will be made">
      {file === undefined ? (
        <div className="idp-card idp-form idp-quiet">
          {needs.length > 0
            ? "Fill in the form; then every file is shown here."
            : "Every file is shown here."}
        </div>
      ) : (
        <div className="idp-card idp-files">
          <ul>
            {files.map((known) => (
              <li key={known.path}>
                <button
                  type="button"
                  aria-pressed={known.path === file.path}
                  onClick={() => setChosen(known.path)}
                >
                  <RiFileTextLine size={14} aria-hidden /> {known.path}
                </button>
              </li>
            ))}
          </ul>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
          <pre tabIndex={0}>
            <code>{file.content}</code>
          </pre>
        </div>
      )}
    </Section>
  );
}

function Coming({ namespace, name, commit }: { namespace: string; name: string; commit: string }) {
  const query = useCreation(namespace, name, commit);
  const clone = `git clone ${window.location.origin}/git/${namespace}/${name}.git`;
  return (
    <Page
      title={name}
      lead={`Its first commit ${commit.slice(0, 7)} on its way to ${query.data?.environment ?? "development"}.`}
      crumbs={[{ label: "Create", to: "/create" }]}
      actions={
        <ButtonLink variant="secondary" href={to.application(namespace, name)}>
          Application
        </ButtonLink>
      }
    >
      <Found query={query}>
        {(progress) => (
          <>
            <div className="idp-card idp-chosen" aria-live="polite">
              <div className="idp-chosen-text">
                <Badge
                  state={progress.state}
                  label={
                    progress.state === "Succeeded"
                      ? `Answers in ${progress.environment}`
                      : progress.state === "Failed"
                        ? "It did not come up"
                        : "On its way"
                  }
                />
                {progress.url ? (
                  <a href={progress.url} target="_blank" rel="noreferrer">
                    {progress.url} <RiArrowRightLine size={14} aria-hidden />
                  </a>
                ) : null}
                <p>
                  To change it: <code>{clone}</code>
                </p>
              </div>
            </div>
            <ol className="idp-card idp-steps" aria-label="Steps">
              {progress.steps.map((step) => (
                <li key={step.name} className="idp-step" data-state={step.state}>
                  <Dot state={step.state} />
                  <div className="idp-step-body">
                    <div className="idp-step-head">
                      <strong>{step.name}</strong>
                    </div>
                    {step.message ? (
                      <p>
                        <Words>{step.message}</Words>
                      </p>
                    ) : null}
                    {step.state === "Failed" ? <Remedy>{step.remedy}</Remedy> : null}
                  </div>
                </li>
              ))}
            </ol>
          </>
        )}
      </Found>
    </Page>
  );
}
