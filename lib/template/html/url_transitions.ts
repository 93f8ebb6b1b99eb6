/** Within an address: before its query, or in its query or fragment. */
import type { Context } from "./context.ts";
import { type Step, whole } from "./step.ts";

export function afterUrl(context: Context, text: string): Step {
  if (/[#?]/.test(text)) return whole({ ...context, urlPart: "QueryOrFrag" }, text);
  if (context.urlPart === "None" && /[^ \t\n\f\r]/.test(text)) {
    return whole({ ...context, urlPart: "PreQuery" }, text);
  }
  return whole(context, text);
}
