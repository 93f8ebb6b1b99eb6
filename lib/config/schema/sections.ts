/** The smaller sections: `runtime`, `storage`, `tracing` and `otlp`. */
import { list, mapOf } from "./containers.ts";
import { tlsConfig } from "./http_client.ts";
import { checkHeaders } from "./remote.ts";
import { bool, choice, duration, float, int, optional, size, text } from "./scalars.ts";
import { field, keptField, type Reader, struct, type ValueOf } from "./schema.ts";

export const GOGC_DEFAULT = 75;

export const runtimeSection = struct({
  type: "config.RuntimeConfig",
  fields: { gogc: field(int, GOGC_DEFAULT) },
});

const retention = struct({
  type: "config.TSDBRetentionConfig",
  fields: { time: field(duration), size: field(size), percentage: field(float) },
  check(value, reader) {
    if (value.size < 0) {
      reader.reportOf(value, "'storage.tsdb.retention.size' must be greater than or equal to 0", "size");
    }
    if (!(value.percentage >= 0 && value.percentage <= 100)) {
      const message = "'storage.tsdb.retention.percentage' must be in the range [0, 100]";
      reader.reportOf(value, message, "percentage");
    }
  },
});

const floatEncoding = choice({
  values: ["xor", "xor2"],
  message: (got) =>
    `'storage.tsdb.chunk_encoding.floats' must be 'xor' or 'xor2', or the field must be omitted entirely, got "${got}"`,
});

const tsdb = struct({
  type: "config.plain",
  fields: {
    out_of_order_time_window: field(duration),
    stale_series_compaction_threshold: field(float),
    chunk_encoding: field(
      optional(struct({ type: "config.ChunkEncodingConfig", fields: { floats: field(floatEncoding) } })),
    ),
    retention: field(optional(retention)),
  },
  check(value, reader) {
    const threshold = value.stale_series_compaction_threshold;
    if (threshold >= 0 && threshold <= 1) return;
    const message = "'storage.tsdb.stale_series_compaction_threshold' must be in the range [0, 1]";
    reader.reportOf(value, message, "stale_series_compaction_threshold");
  },
});

const STORAGE_FIELDS = {
  tsdb: field(optional(tsdb)),
  exemplars: field(
    optional(struct({ type: "config.ExemplarsConfig", fields: { max_exemplars: field(int) } })),
  ),
};
export type StorageSettings = ValueOf<typeof STORAGE_FIELDS>;

export const storageSection = struct({ type: "config.StorageConfig", fields: STORAGE_FIELDS });

export const tracingSection = struct({
  type: "config.plain",
  fields: {
    client_type: field(
      choice({
        values: ["grpc", "http"],
        message: (got) => `expected tracing client type to be to be http or grpc, but got ${got}`,
      }),
      "grpc",
    ),
    endpoint: field(text),
    sampling_fraction: field(float),
    insecure: field(bool),
    tls_config: field(tlsConfig),
    headers: field(mapOf(text)),
    compression: field(text),
    timeout: field(duration),
  },
  check(value, reader) {
    checkHeaders(value, reader, "custom authorization header configuration is not yet supported");
    if (value.endpoint === "") reader.reportOf(value, "tracing endpoint must be set", "endpoint");
    if (value.compression !== "" && value.compression !== "gzip") {
      const message = `invalid compression type ${value.compression} provided, valid options: gzip`;
      reader.reportOf(value, message, "compression");
    }
  },
});

const OTLP_FIELDS = {
  promote_all_resource_attributes: field(bool),
  promote_resource_attributes: field(list(text)),
  ignore_resource_attributes: field(list(text)),
  translation_strategy: field(text, "UnderscoreEscapingWithSuffixes"),
  keep_identifying_resource_attributes: field(bool),
  convert_histograms_to_nhcb: field(bool),
  promote_scope_metadata: field(bool),
  // As Prometheus, but written when false: left out, they would read back as true.
  label_name_underscore_sanitization: keptField(bool, true),
  label_name_preserve_multiple_underscores: keptField(bool, true),
};
export type OtlpSettings = ValueOf<typeof OTLP_FIELDS>;

export const otlpSection = struct({
  type: "config.plain",
  fields: OTLP_FIELDS,
  check(value, reader) {
    if (value.promote_all_resource_attributes) {
      if (value.promote_resource_attributes.length > 0) {
        const message =
          "'promote_all_resource_attributes' and 'promote_resource_attributes' cannot be configured simultaneously";
        reader.reportOf(value, message, "promote_resource_attributes");
      }
      checkAttributes(value, "ignore_resource_attributes", "ignored", reader);
    } else {
      if (value.ignore_resource_attributes.length > 0) {
        const message =
          "'ignore_resource_attributes' cannot be configured unless 'promote_all_resource_attributes' is true";
        reader.reportOf(value, message, "ignore_resource_attributes");
      }
      checkAttributes(value, "promote_resource_attributes", "promoted", reader);
    }
  },
  settle: (value) => ({
    ...value,
    promote_resource_attributes: value.promote_resource_attributes.map((name) => name.trim()),
    ignore_resource_attributes: value.ignore_resource_attributes.map((name) => name.trim()),
  }),
});

function checkAttributes(
  value: OtlpSettings,
  name: "promote_resource_attributes" | "ignore_resource_attributes",
  adjective: string,
  reader: Reader,
): void {
  const seen = new Set<string>();
  for (const written of value[name]) {
    const attribute = written.trim();
    if (attribute === "") {
      reader.reportOf(value, `invalid '${name}': empty ${adjective} OTel resource attribute`, name);
    } else if (seen.has(attribute)) {
      reader.reportOf(
        value,
        `invalid '${name}': duplicated ${adjective} OTel resource attribute "${attribute}"`,
        name,
      );
    }
    seen.add(attribute);
  }
}

/** Which strategies keep names as they are, and so need UTF-8 names. */
const STRATEGIES: ReadonlyMap<string, { readonly needsUtf8: boolean }> = new Map([
  ["", { needsUtf8: false }],
  ["UnderscoreEscapingWithSuffixes", { needsUtf8: false }],
  ["UnderscoreEscapingWithoutSuffixes", { needsUtf8: false }],
  ["NoUTF8EscapingWithSuffixes", { needsUtf8: true }],
  ["NoTranslation", { needsUtf8: true }],
]);

export function checkTranslation(otlp: OtlpSettings, validation: string, reader: Reader): void {
  const strategy = STRATEGIES.get(otlp.translation_strategy);
  const quoted = `"${otlp.translation_strategy}"`;
  if (strategy === undefined) {
    reader.reportOf(otlp, `unsupported OTLP translation strategy ${quoted}`, "translation_strategy");
  } else if (strategy.needsUtf8 && validation === "legacy") {
    const message = `OTLP translation strategy ${quoted} is not allowed when UTF8 is disabled`;
    reader.reportOf(otlp, message, "translation_strategy");
  }
}
