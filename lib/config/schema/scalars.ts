/**
 * The scalar types of the configuration: text, secrets, paths, numbers, durations, sizes, choices, addresses. Each
 * accepts what Prometheus accepts and writes what Prometheus writes.
 */
import { formatDurationMs, parseDurationMs } from "../../core/time.ts";
import { joinPath } from "../paths.ts";
import { boolOf, numberOf } from "../yaml_scalars.ts";
import type { YamlNode } from "../yaml.ts";
import type { Reader, Schema } from "./schema.ts";
import { formatSize, parseSize } from "./size.ts";
import { checkUrl, redactUrl } from "./url.ts";

/** How secrets show; a file that holds it back is read as if it were the secret. */
export const SECRET_SHOWN = "<secret>";

/** Text of a scalar, or undefined after a problem was reported. */
function textOf(node: YamlNode, reader: Reader, expected: string, goType: string): string | undefined {
  if (node.kind !== "scalar") {
    reader.expected(node, expected, goType);
    return undefined;
  }
  return node.text;
}

const isEmpty = (value: string) => value === "";
const same = (value: string) => value;

/** Any scalar: a number or a boolean is taken as it is written. */
export const text: Schema<string> = {
  expected: "text",
  zero: "",
  isZero: isEmpty,
  write: same,
  read: (node, reader) => textOf(node, reader, "text", "string") ?? "",
};

export const secret: Schema<string> = { ...text, write: (value) => value === "" ? "" : SECRET_SHOWN };

/** A file's path, resolved against the directory of the configuration. */
export const path: Schema<string> = {
  ...text,
  expected: "a path",
  read: (node, reader) => joinPath(reader.directory, textOf(node, reader, "a path", "string") ?? ""),
};

export const bool: Schema<boolean> = {
  expected: "true or false",
  zero: false,
  isZero: (value) => !value,
  write: (value) => value,
  read(node, reader) {
    if (node.kind === "scalar" && node.type === "bool") return boolOf(node.text);
    reader.expected(node, "true or false", "bool");
    return false;
  },
};

/** A setting that inherits unless it is there. */
export function optional<T>(schema: Schema<T>): Schema<T | undefined> {
  return {
    expected: schema.expected,
    zero: undefined,
    isZero: (value) => value === undefined,
    write: (value) => value === undefined ? null : schema.write(value),
    read: (node, reader) => schema.read(node, reader),
  };
}

function wholeNumber(expected: string, goType: string, min: number): Schema<number> {
  return {
    expected,
    zero: 0,
    isZero: (value) => value === 0,
    write: (value) => value,
    read(node, reader) {
      if (node.kind === "scalar" && (node.type === "int" || node.type === "float")) {
        const value = numberOf(node.text);
        if (Number.isSafeInteger(value) && value >= min) return value;
      }
      reader.expected(node, expected, goType);
      return 0;
    },
  };
}

export const int: Schema<number> = wholeNumber("a whole number", "int", -Number.MAX_SAFE_INTEGER);
export const uint: Schema<number> = wholeNumber("a whole number of 0 or more", "uint", 0);

export const float: Schema<number> = {
  expected: "a number",
  zero: 0,
  isZero: (value) => value === 0,
  write: (value) => value,
  read(node, reader) {
    if (node.kind === "scalar" && (node.type === "int" || node.type === "float")) return numberOf(node.text);
    reader.expected(node, "a number", "float64");
    return 0;
  },
};

/** Milliseconds. */
export const duration: Schema<number> = {
  expected: "a duration such as 15s",
  zero: 0,
  isZero: (value) => value === 0,
  write: formatDurationMs,
  read(node, reader) {
    const written = textOf(node, reader, "a duration such as 15s", "string");
    if (written === undefined) return 0;
    const ms = parseDurationMs(written);
    if (ms === undefined) {
      const reason = written === "" ? "empty duration string" : `not a valid duration string: "${written}"`;
      reader.report(node.place, `expected a duration such as 15s, got "${written}" (${reason})`);
    }
    return ms ?? 0;
  },
};

/** Bytes, in units of 1024. */
export const size: Schema<number> = {
  expected: "a size such as 10MB",
  zero: 0,
  isZero: (value) => value === 0,
  write: formatSize,
  read(node, reader) {
    const written = textOf(node, reader, "a size such as 10MB", "string");
    if (written === undefined) return 0;
    const parsed = parseSize(written);
    if (typeof parsed === "number") return parsed;
    reader.report(node.place, `expected a size such as 10MB, got "${written}" (${parsed.reason})`);
    return 0;
  },
};

/** An address: absolute or not, but one that parses. Passwords in it are masked when written. */
export const url: Schema<string> = {
  ...text,
  expected: "a URL",
  write: redactUrl,
  read(node, reader) {
    const written = textOf(node, reader, "a URL", "string");
    if (written === undefined) return "";
    const reason = checkUrl(written);
    if (reason !== undefined) reader.report(node.place, `expected a URL, got "${written}" (${reason})`);
    return written;
  },
};

export interface ChoiceOptions<T extends string> {
  readonly values: readonly T[];
  /** Prometheus's message for another value. */
  readonly message?: (got: string) => string;
  /** Compared without regard to case. */
  readonly folded?: true;
}

/** One of a few words. */
export function choice<T extends string>(options: ChoiceOptions<T>): Schema<T | ""> {
  const expected = `one of ${options.values.join(", ")}`;
  return {
    expected,
    zero: "",
    isZero: (value) => value === "",
    write: (value) => value,
    read(node, reader) {
      const written = textOf(node, reader, expected, "string");
      if (written === undefined) return "";
      const wanted = options.folded ? written.toLowerCase() : written;
      const found = options.values.find((value) => value === wanted);
      if (found !== undefined) return found;
      const reason = options.message === undefined ? "" : ` (${options.message(written)})`;
      reader.report(node.place, `expected ${expected}, got "${written}"${reason}`);
      return "";
    },
  };
}
