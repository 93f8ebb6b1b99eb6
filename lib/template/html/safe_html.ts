/** Text that is markup already (Go's template.HTML): printed as it is where text stands, its tags taken away elsewhere. */
import { formatPlain } from "../print_value.ts";
import { GoStruct, type GoValue } from "../values.ts";

export class SafeHtml extends GoStruct {
  constructor(readonly html: string) {
    super({ typeName: "template.HTML", text: html });
  }
}

export interface Content {
  readonly text: string;
  readonly isHtml: boolean;
}

/** What a printed value is: as Go, nil is nothing. */
export function contentOf(values: readonly GoValue[]): Content {
  const [first] = values;
  if (values.length === 1 && first instanceof SafeHtml) return { text: first.html, isHtml: true };
  const shown = values.filter((value) => value !== undefined);
  let text = "";
  for (const [index, value] of shown.entries()) {
    // As fmt.Sprint: a space between two values unless one of them is a string.
    if (index > 0 && typeof value !== "string" && typeof shown[index - 1] !== "string") text += " ";
    text += formatPlain(value);
  }
  return { text, isHtml: false };
}
