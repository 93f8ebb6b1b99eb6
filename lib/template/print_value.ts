/** Values as Go's fmt prints them: `%v`, `%+v`, `%#v`, and what `{{ . }}` and `print` write. */
import { formatFloat } from "./format_float.ts";
import { quoteGo } from "../model/labels.ts";
import { GoMap, GoStruct, type GoValue, isSlice, typeNameOf } from "./values.ts";

/** As an action writes it: nil is `<no value>`. */
export function printValue(value: GoValue): string {
  return value === undefined ? "<no value>" : formatPlain(value);
}

export interface PlainOptions {
  /** `%+v`: names of fields. */
  readonly names?: boolean;
  /** `%#v`: as source. */
  readonly source?: boolean;
}

export function formatPlain(value: GoValue, options: PlainOptions = {}): string {
  const { source = false, names = false } = options;
  if (value === undefined) return source ? "interface {}(nil)" : "<nil>";
  if (typeof value === "string") return source ? quoteGo(value) : value;
  if (typeof value === "number") return formatFloat(value, "g", -1);
  if (typeof value === "bigint" || typeof value === "boolean") return String(value);
  const inner = (item: GoValue) => formatPlain(item, options);
  if (isSlice(value)) {
    const items = value.map(inner);
    return source ? `${typeNameOf(value)}{${items.join(", ")}}` : `[${items.join(" ")}]`;
  }
  if (value instanceof GoMap) {
    const items = value.sortedKeys().map((key) => `${inner(key)}:${inner(value.entries.get(key))}`);
    return source ? `${value.typeName}{${items.join(", ")}}` : `map[${items.join(" ")}]`;
  }
  if (value instanceof GoStruct) {
    if (value.text !== undefined && !source) return value.text;
    const items = [...value.fields].map(([name, field]) =>
      names || source ? `${name}:${inner(field)}` : inner(field)
    );
    return source ? `${value.typeName}{${items.join(", ")}}` : `{${items.join(" ")}}`;
  }
  return "func";
}

/** As fmt.Sprint: a space between two values unless one of them is a string. */
export function printAll(values: readonly GoValue[]): string {
  let text = "";
  for (const [index, value] of values.entries()) {
    const before = values[index - 1];
    if (index > 0 && typeof value !== "string" && typeof before !== "string") text += " ";
    text += formatPlain(value);
  }
  return text;
}
