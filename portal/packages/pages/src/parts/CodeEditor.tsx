/** CodeMirror for YAML; a chunk of its own, loaded when somebody edits. */
import {
  autocompletion,
  type CompletionContext,
  type CompletionResult,
  completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import {
  bracketMatching,
  foldGutter,
  HighlightStyle,
  indentOnInput,
  syntaxHighlighting,
} from "@codemirror/language";
import { linter, lintGutter, lintKeymap } from "@codemirror/lint";
import { unifiedMergeView } from "@codemirror/merge";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState, type Extension } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useEffect, useRef } from "react";
import { pathAt, problems, type Schema, Schemas } from "../data/schema";

/** The one style sheet that the editor inserts must carry the page's nonce. */
const NONCE =
  document.querySelector<HTMLMetaElement>("meta[property=csp-nonce]")?.nonce ||
  (document.querySelector("meta[property=csp-nonce]")?.getAttribute("content") ?? "");

const LOOK = EditorView.theme({
  "&": { backgroundColor: "var(--bui-bg-neutral-1)", color: "inherit", fontSize: "0.8125rem" },
  "&.cm-focused": { outline: "2px solid var(--bui-ring)", outlineOffset: "-2px" },
  ".cm-scroller": { fontFamily: "var(--bui-font-monospace)", lineHeight: "1.6" },
  ".cm-content": { caretColor: "var(--bui-fg-primary)", padding: "0.75rem 0" },
  ".cm-cursor": { borderLeftColor: "var(--bui-fg-primary)" },
  ".cm-gutters": {
    backgroundColor: "var(--bui-bg-neutral-1)",
    color: "var(--bui-fg-secondary)",
    border: "0",
  },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--bui-bg-neutral-2)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground":
    { backgroundColor: "var(--idp-chosen)" },
  ".cm-tooltip, .cm-panels": {
    backgroundColor: "var(--bui-bg-neutral-1)",
    color: "var(--bui-fg-primary)",
    border: "1px solid var(--bui-border-2)",
  },
  ".cm-tooltip-autocomplete ul li[aria-selected]": {
    backgroundColor: "var(--idp-chosen)",
    color: "var(--idp-link)",
  },
  ".cm-changedLine": { backgroundColor: "var(--idp-good-bg)" },
  ".cm-deletedChunk": { backgroundColor: "var(--idp-bad-bg)" },
});

const COLOURS = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--idp-link)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--idp-good)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--idp-attention)" },
  { tag: tags.comment, color: "var(--bui-fg-secondary)", fontStyle: "italic" },
]);

const NONE = new Schemas({});

const COMMON: Extension[] = [
  EditorView.cspNonce.of(NONCE),
  LOOK,
  yaml(),
  syntaxHighlighting(COLOURS),
  lineNumbers(),
  EditorView.lineWrapping,
];

export interface KindSchema {
  schemas: Schemas;
  root: Schema;
}

/** What may be written at the cursor. */
export function completions(
  context: CompletionContext,
  { schemas, root }: KindSchema,
): CompletionResult | null {
  const line = context.state.doc.lineAt(context.pos);
  const lines = context.state.doc.toString().split("\n");
  const path = pathAt(lines, line.number - 1);
  const typed = line.text.slice(0, context.pos - line.from);
  const value = /^[\s-]*([^\s:]+):\s+(\S*)$/.exec(typed);
  if (value) {
    const schema = schemas.at(root, [...path, value[1] ?? ""]);
    const known = schema?.enum ?? (schema?.type === "boolean" ? [true, false] : []);
    return known.length === 0
      ? null
      : {
          from: context.pos - (value[2]?.length ?? 0),
          options: known.map((option) => ({ label: String(option), type: "enum" })),
        };
  }
  const key = /^[\s-]*(\w*)$/.exec(typed);
  if (!key || (key[1] === "" && !context.explicit)) return null;
  const fields = schemas.at(root, path)?.properties ?? {};
  return {
    from: context.pos - (key[1]?.length ?? 0),
    options: Object.entries(fields).map(([name, field]) => ({
      label: name,
      apply: `${name}: `,
      type: "property",
      detail: schemas.resolve(field)?.type ?? "",
      info: schemas.resolve(field)?.description ?? "",
    })),
  };
}

export default function CodeEditor({
  text,
  label,
  change,
  schema,
  before,
}: {
  text: string;
  label: string;
  change?: (text: string) => void;
  schema?: KindSchema | undefined;
  /** Shows how `text` differs from this. */
  before?: string;
}) {
  const place = useRef<HTMLDivElement>(null);
  const told = useRef(change);
  told.current = change;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the editor owns the text once it is there
  useEffect(() => {
    if (place.current === null) return;
    const editor = new EditorView({
      parent: place.current,
      state: EditorState.create({ doc: text, extensions: extensions() }),
    });
    return () => editor.destroy();
  }, [schema, before]);

  function extensions(): Extension[] {
    const named = EditorView.contentAttributes.of({ "aria-label": label });
    if (change === undefined) {
      return [
        ...COMMON,
        named,
        EditorState.readOnly.of(true),
        EditorView.editable.of(false),
        EditorView.contentAttributes.of({ tabindex: "0" }),
        before === undefined
          ? []
          : unifiedMergeView({
              original: before,
              mergeControls: false,
              collapseUnchanged: { margin: 3 },
            }),
      ];
    }
    return [
      ...COMMON,
      named,
      history(),
      drawSelection(),
      foldGutter(),
      indentOnInput(),
      bracketMatching(),
      highlightActiveLine(),
      highlightSelectionMatches(),
      lintGutter(),
      linter((view) =>
        problems(view.state.doc.toString(), schema?.schemas ?? NONE, schema?.root).map(
          (problem) => ({ ...problem, severity: "error" as const }),
        ),
      ),
      schema === undefined
        ? []
        : autocompletion({ override: [(context) => completions(context, schema)] }),
      keymap.of([
        ...completionKeymap,
        ...lintKeymap,
        ...searchKeymap,
        ...historyKeymap,
        ...defaultKeymap,
        indentWithTab,
      ]),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) told.current?.(update.state.doc.toString());
      }),
    ];
  }
  return <div ref={place} className="idp-card idp-editor" />;
}
