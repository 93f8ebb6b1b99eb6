/** `remote_write` and `remote_read`: where to, how, and with what queue. */
import { list, mapOf, type Pairs } from "./containers.ts";
import { checkHttp, HTTP_FIELDS, settleHttp } from "./http_client.ts";
import { relabelRule } from "./relabel.ts";
import { azuread, googleIam, sigv4 } from "./remote_auth.ts";
import { bool, choice, duration, int, optional, text, uint, url } from "./scalars.ts";
import { field, keptField, type Reader, type Schema, struct, type ValueOf } from "./schema.ts";

/** Set by the protocol itself, or part of the connection. `authorization` has a message of its own. */
const RESERVED_HEADERS: ReadonlySet<string> = new Set([
  "accept-encoding",
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "host",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "user-agent",
  "www-authenticate",
  "x-amz-content-sha256",
  "x-amz-date",
  "x-amz-security-token",
  "x-prometheus-remote-read-version",
  "x-prometheus-remote-write-version",
]);

interface WithHeaders {
  readonly headers: Pairs<string>;
}

export function checkHeaders(value: WithHeaders, reader: Reader, authorizationMessage: string): void {
  for (const [name] of value.headers) {
    const folded = name.toLowerCase();
    if (folded === "authorization") reader.reportOf(value, authorizationMessage, "headers");
    else if (RESERVED_HEADERS.has(folded)) {
      reader.reportOf(value, `${name} is a reserved header. It must not be changed`, "headers");
    }
  }
}

const AUTHORIZATION_MESSAGE =
  "authorization header must be changed via the basic_auth, authorization, oauth2, sigv4, azuread or google_iam parameter";

const QUEUE_FIELDS = {
  capacity: field(int, 10_000),
  max_shards: field(int, 50),
  min_shards: field(int, 1),
  max_samples_per_send: field(int, 2_000),
  batch_send_deadline: field(duration, 5_000),
  min_backoff: field(duration, 30),
  max_backoff: field(duration, 5_000),
  retry_on_http_429: field(bool),
  sample_age_limit: field(duration),
};

const queueConfig = struct({
  type: "config.plain",
  fields: QUEUE_FIELDS,
  check(value, reader) {
    const say = (name: keyof typeof QUEUE_FIELDS, message: string) =>
      reader.reportOf(value, `remote write queue ${name} ${message}`, name);
    for (const name of ["max_samples_per_send", "max_shards", "min_shards", "capacity"] as const) {
      if (value[name] <= 0) say(name, "must be positive");
    }
    if (value.max_shards > 0 && value.min_shards > value.max_shards) {
      say("min_shards", "must not be greater than max_shards");
    }
    if (value.max_backoff < value.min_backoff) say("max_backoff", "must not be less than min_backoff");
  },
});

const metadataConfig = struct({
  type: "config.MetadataConfig",
  fields: {
    send: keptField(bool, true),
    send_interval: keptField(duration, 60_000),
    max_samples_per_send: field(int, 2_000),
  },
});

const MESSAGES = ["prometheus.WriteRequest", "io.prometheus.write.v2.Request"] as const;
const protobufMessage = choice({
  values: MESSAGES,
  message: (got) =>
    `invalid protobuf_message value: unknown type for remote write protobuf message ${got}, supported: ${
      MESSAGES.join(", ")
    }`,
});

const REMOTE_WRITE_FIELDS = {
  url: keptField(url),
  remote_timeout: field(duration, 30_000),
  headers: field(mapOf(text)),
  write_relabel_configs: field(
    list(relabelRule, { nullMessage: "empty or null relabeling rule in remote write config" }),
  ),
  name: field(text),
  send_exemplars: field(bool),
  send_native_histograms: field(bool),
  round_robin_dns: field(bool),
  failed_request_logging: field(bool),
  protobuf_message: field(protobufMessage, "prometheus.WriteRequest"),
  ...HTTP_FIELDS,
  enable_http2: keptField(bool, false),
  queue_config: field(queueConfig),
  metadata_config: field(metadataConfig),
  sigv4: field(optional(sigv4)),
  azuread: field(optional(azuread)),
  google_iam: field(optional(googleIam)),
};
export type RemoteWriteSettings = ValueOf<typeof REMOTE_WRITE_FIELDS>;

const AUTH_NAMES = ["basic_auth", "authorization", "oauth2", "sigv4", "azuread", "google_iam"] as const;

const remoteWrite: Schema<RemoteWriteSettings> = struct({
  type: "config.plain",
  fields: REMOTE_WRITE_FIELDS,
  check(value, reader) {
    if (value.url === "") reader.reportOf(value, "url for remote_write is empty", "url");
    checkHeaders(value, reader, AUTHORIZATION_MESSAGE);
    checkHttp(value, reader);
    const configured = AUTH_NAMES.filter((name) => value[name] !== undefined);
    if (configured.length > 1) {
      const most =
        "at most one of basic_auth, authorization, oauth2, sigv4, azuread or google_iam must be configured";
      reader.reportOf(value, `${most}. Currently configured: [${configured.join(" ")}]`, configured[1]);
    }
  },
  settle: settleHttp,
});

const REMOTE_READ_FIELDS = {
  url: keptField(url),
  remote_timeout: field(duration, 60_000),
  chunked_read_limit: field(uint, 5e7),
  headers: field(mapOf(text)),
  read_recent: field(bool),
  name: field(text),
  ...HTTP_FIELDS,
  required_matchers: field(mapOf(text)),
  filter_external_labels: field(bool, true),
};
export type RemoteReadSettings = ValueOf<typeof REMOTE_READ_FIELDS>;

const remoteRead: Schema<RemoteReadSettings> = struct({
  type: "config.plain",
  fields: REMOTE_READ_FIELDS,
  check(value, reader) {
    if (value.url === "") reader.reportOf(value, "url for remote_read is empty", "url");
    checkHeaders(value, reader, AUTHORIZATION_MESSAGE);
    checkHttp(value, reader);
  },
  settle: settleHttp,
});

export const remoteWrites = list(remoteWrite, { nullMessage: "empty or null remote write config section" });
export const remoteReads = list(remoteRead, { nullMessage: "empty or null remote read config section" });

export interface Named {
  readonly name: string;
}

/** Names are unique; an empty one is filled in later and may repeat. */
export function checkNames(configs: readonly Named[], what: string, reader: Reader): void {
  const seen = new Set<string>();
  for (const config of configs) {
    if (config.name !== "" && seen.has(config.name)) {
      reader.reportOf(config, `found multiple ${what} configs with job name "${config.name}"`, "name");
    }
    seen.add(config.name);
  }
}
