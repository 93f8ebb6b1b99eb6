/** Which escapers an action needs in its context, and its pipeline with them at its end. */
import type { ActionNode, CommandNode, PipeNode } from "../nodes.ts";
import { printNode } from "../nodes.ts";
import { type Context, isComment, nudged } from "./context.ts";
import { isNeedless, kindOfEscaper, PREDEFINED } from "./escapers.ts";
import { HtmlError } from "./html_error.ts";

export interface EscapedAction {
  readonly action: ActionNode;
  readonly context: Context;
}

export function escapeAction(before: Context, action: ActionNode): EscapedAction {
  if (action.pipe.declared.length > 0) return { action, context: before };
  const context = nudged(before);
  checkPredefined(context, action);
  const escapers = [...escapersOf(context, action)];
  if (context.delim === "SpaceOrTagEnd") escapers.push("_html_template_nospaceescaper");
  else if (context.delim !== "None") escapers.push("_html_template_attrescaper");
  return {
    action: { ...action, pipe: withEscapers(action.pipe, escapers) },
    context: context.state === "JS" ? { ...context, jsSlash: "DivOp" } : context,
  };
}

/** `html` and `urlquery` may only come last, where the context's own escaper can take their place. */
function checkPredefined({ state, delim }: Context, { pipe }: ActionNode): void {
  pipe.commands.forEach((command, i) => {
    const name = functionOf(command);
    if (name === undefined || !PREDEFINED.has(name)) return;
    const isLast = i === pipe.commands.length - 1;
    if (isLast && !(state === "Attr" && delim === "SpaceOrTagEnd" && name === "html")) return;
    throw new HtmlError(`predefined escaper "${name}" disallowed in template`);
  });
}

function functionOf({ args }: CommandNode): string | undefined {
  return args[0]?.kind === "identifier" ? args[0].name : undefined;
}

function escapersOf({ state, urlPart }: Context, action: ActionNode): readonly string[] {
  switch (state) {
    case "URL":
    case "CSSDqStr":
    case "CSSSqStr":
    case "CSSDqURL":
    case "CSSSqURL":
    case "CSSURL": {
      if (urlPart === "QueryOrFrag") return ["_html_template_urlescaper"];
      if (urlPart === "Unknown") {
        throw new HtmlError(`${printNode(action)} appears in an ambiguous context within a URL`);
      }
      const isText = state === "CSSDqStr" || state === "CSSSqStr";
      const inner = isText ? "_html_template_cssescaper" : "_html_template_urlnormalizer";
      return urlPart === "None" ? ["_html_template_urlfilter", inner] : [inner];
    }
    case "MetaContentURL":
      return ["_html_template_urlfilter"];
    case "JS":
      return ["_html_template_jsvalescaper"];
    case "JSDqStr":
    case "JSSqStr":
      return ["_html_template_jsstrescaper"];
    case "JSTmplLit":
      return ["_html_template_jstmpllitescaper"];
    case "JSRegexp":
      return ["_html_template_jsregexpescaper"];
    case "CSS":
      return ["_html_template_cssvaluefilter"];
    case "Text":
      return ["_html_template_htmlescaper"];
    case "RCDATA":
      return ["_html_template_rcdataescaper"];
    case "AttrName":
      return ["_html_template_htmlnamefilter"];
    case "Srcset":
      return ["_html_template_srcsetescaper"];
    default:
      return isComment(state) ? ["_html_template_commentescaper"] : [];
  }
}

function withEscapers(pipe: PipeNode, wanted: readonly string[]): PipeNode {
  if (wanted.length === 0) return pipe;
  const escapers = [...wanted];
  let commands = [...pipe.commands];
  const last = commands.at(-1);
  const own = last === undefined ? undefined : functionOf(last);
  if (last !== undefined && own !== undefined && PREDEFINED.has(own)) {
    if (commands.length === 1 && last.args.length > 1) {
      const [name, ...args] = last.args;
      commands = [
        { ...last, args: [{ kind: "identifier", at: name!.at, name: "_eval_args_" }, ...args] },
        commandOf(own, pipe.at),
      ];
    }
    let isAmong = false;
    escapers.forEach((name, i) => {
      if (kindOfEscaper(name) !== own) return;
      escapers[i] = own;
      isAmong = true;
    });
    if (isAmong) commands.pop();
  }
  const there = new Set(commands.map((command) => kindOfEscaper(functionOf(command) ?? "")));
  for (const name of escapers) {
    if (there.has(kindOfEscaper(name)) || isNeedless(functionOf(commands.at(-1)!), name)) continue;
    commands.push(commandOf(name, pipe.at));
  }
  return { ...pipe, commands };
}

function commandOf(name: string, at: number): CommandNode {
  return { kind: "command", at, args: [{ kind: "identifier", at, name }] };
}
