/** What all discovery mechanisms share: how their tables are made. */
import { list } from "./containers.ts";
import { checkHttp, HTTP_FIELDS, type HttpSettings, settleHttp } from "./http_client.ts";
import { duration, int, text } from "./scalars.ts";
import {
  type Field,
  field,
  type Fields,
  keptField,
  type Reader,
  type Schema,
  struct,
  type ValueOf,
} from "./schema.ts";

/** A mechanism with the HTTP client block inline. */
export function httpMechanism<F extends Fields>(
  name: string,
  fields: F,
  check?: (value: ValueOf<F> & HttpSettings, reader: Reader) => void,
): Schema<object> {
  const checkBoth = (value: HttpSettings & ValueOf<F>, reader: Reader) => {
    checkHttp(value, reader);
    check?.(value, reader);
  };
  return erased(struct<typeof HTTP_FIELDS & F>({
    type: `${name}.plain`,
    fields: { ...HTTP_FIELDS, ...fields },
    check: (value, reader) => checkBoth(value as HttpSettings & ValueOf<F>, reader),
    settle: (value) => settleHttp(value as HttpSettings) as typeof value,
  }));
}

/** A mechanism that does not speak HTTP, or not by the common block. */
export function plainMechanism<F extends Fields>(
  name: string,
  fields: F,
  check?: (value: ValueOf<F>, reader: Reader) => void,
): Schema<object> {
  const spec = { type: `${name}.plain`, fields };
  return erased(struct(check === undefined ? spec : { ...spec, check }));
}

/** Forgets the fields: nothing but writing and the list of inactive sections asks for them. */
function erased<T extends object>(schema: Schema<T>): Schema<object> {
  return {
    expected: schema.expected,
    zero: schema.zero,
    isZero: (value) => schema.isZero(value as T),
    read: (node, reader) => schema.read(node, reader),
    write: (value) => schema.write(value as T),
  };
}

export function refresh(ms: number): { readonly refresh_interval: Field<number> } {
  return { refresh_interval: keptField(duration, ms) };
}

export function port(number: number): { readonly port: Field<number> } {
  return { port: keptField(int, number) };
}

/** Reports when a field is empty. */
export function required<T extends object>(
  name: keyof T & string,
  message: string,
): (value: T, reader: Reader) => void {
  return (value, reader) => {
    const part = Reflect.get(value, name) as unknown;
    if (part === "" || (Array.isArray(part) && part.length === 0)) reader.reportOf(value, message, name);
  };
}

export function filterList(message: string): Field<readonly object[]> {
  const filter = struct({
    type: "struct",
    fields: { name: keptField(text), values: keptField(list(text)) },
    check(value, reader) {
      if (value.values.length === 0) reader.reportOf(value, message, "values");
    },
  });
  return field(list(erased(filter)));
}
