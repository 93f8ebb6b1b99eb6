/** The PromQL editor: highlighting, completion from the server's own names, linting. Enter runs, Shift+Enter breaks the line. */
import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, insertNewlineAndIndent } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { lintKeymap } from "@codemirror/lint";
import { EditorState, Prec } from "@codemirror/state";
import { drawSelection, EditorView, keymap, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { PromQLExtension } from "@prometheus-io/codemirror-promql";
import { useEffect, useRef } from "preact/hooks";
import { pathPrefix } from "../routing.ts";

export interface EditorProps {
  /** What was run, or came with the address; what is typed meanwhile is the editor's own. */
  readonly committed: string;
  readonly label: string;
  readonly onChange: (value: string) => void;
  readonly onRun: (value: string) => void;
}

/** Classes instead of colours: the style sheet knows the theme. */
const HIGHLIGHT = HighlightStyle.define([
  { tag: tags.labelName, class: "tok-label" },
  { tag: [tags.string, tags.special(tags.string)], class: "tok-string" },
  { tag: tags.number, class: "tok-number" },
  { tag: tags.function(tags.variableName), class: "tok-function" },
  { tag: [tags.operatorKeyword, tags.keyword], class: "tok-function" },
  { tag: [tags.modifier, tags.logicOperator], class: "tok-modifier" },
  { tag: [tags.arithmeticOperator, tags.compareOperator], class: "tok-operator" },
  { tag: tags.comment, class: "tok-comment" },
  { tag: tags.invalid, class: "tok-invalid" },
]);

/** One for the page: completion data is fetched once and shared by all panels. */
const promql = new PromQLExtension()
  .activateCompletion(true)
  .activateLinter(true)
  .setComplete({ remote: { url: pathPrefix } });

export function Editor({ committed, label, onChange, onRun }: EditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | undefined>(undefined);
  const handlers = useRef({ onChange, onRun });
  handlers.current = { onChange, onRun };
  /** Run here and not yet committed: it must not overwrite what was typed since. */
  const ran = useRef<string | undefined>(undefined);

  useEffect(() => {
    const editor = new EditorView({
      parent: host.current!,
      state: EditorState.create({
        doc: committed,
        extensions: [
          history(),
          drawSelection(),
          bracketMatching(),
          closeBrackets(),
          indentOnInput(),
          autocompletion(),
          syntaxHighlighting(HIGHLIGHT),
          promql.asExtension(),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ "aria-label": label, "aria-multiline": "true" }),
          placeholder("PromQL expression, Enter runs it"),
          // Below the completion's own Enter, above the default one.
          Prec.high(keymap.of([
            {
              key: "Enter",
              run: (target) => {
                ran.current = target.state.doc.toString();
                handlers.current.onRun(ran.current);
                return true;
              },
            },
            { key: "Shift-Enter", run: insertNewlineAndIndent },
          ])),
          keymap.of([
            ...closeBracketsKeymap,
            ...completionKeymap,
            ...lintKeymap,
            ...historyKeymap,
            ...defaultKeymap,
          ]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) handlers.current.onChange(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = editor;
    return () => editor.destroy();
  }, []);

  useEffect(() => {
    const editor = view.current;
    const ownRun = ran.current;
    ran.current = undefined;
    if (editor === undefined || ownRun === committed || editor.state.doc.toString() === committed) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: committed } });
  }, [committed]);

  return <div class="editor" ref={host} />;
}
