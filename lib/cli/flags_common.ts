/** Flags of the whole process and of the HTTP server: Prometheus's names and defaults. */
import { type FlagTable, IGNORED_RUNTIME, IGNORED_YET } from "./flag_types.ts";

export const COMMON_FLAGS = {
  "config.file": {
    kind: "text",
    default: "prometheus.yml",
    help:
      "Configuration file path. When it is not given and prometheus.yml does not exist, a built-in configuration scrapes Narthex itself and the machine it runs on.",
  },
  "narthex.config": {
    kind: "text",
    placeholder: "<file>",
    mode: "server",
    help:
      "File of settings that Prometheus does not have: how long series are kept by matcher, and roll-ups. Reloaded together with the configuration file.",
  },
  "config.auto-reload": {
    kind: "bool",
    help: "Reload the configuration when the content of its files changes.",
    ignored: IGNORED_YET,
  },
  "config.auto-reload-interval": {
    kind: "duration",
    default: "30s",
    min: 1000,
    help: "How often to look for changed configuration files.",
    ignored: IGNORED_YET,
  },
  "agent": {
    kind: "bool",
    help: "Run in agent mode: scrape and remote write only.",
    refused: "agent mode is not available in this version",
  },
  "enable-feature": {
    kind: "text",
    repeatable: true,
    help: "Comma separated feature names to enable. Unknown names are a warning.",
  },
  "log.level": {
    kind: "choice",
    default: "info",
    choices: ["debug", "info", "warn", "error"],
    help: "Only log messages with the given severity or above.",
  },
  "log.format": {
    kind: "choice",
    default: "logfmt",
    choices: ["logfmt", "json"],
    help: "Output format of log messages.",
  },
  "auto-gomaxprocs": {
    kind: "bool",
    default: "true",
    help: "Set GOMAXPROCS to match the container's CPU quota.",
    ignored: IGNORED_RUNTIME,
  },
  "auto-gomemlimit": {
    kind: "bool",
    default: "true",
    help: "Set GOMEMLIMIT to match the container's or system's memory limit.",
    ignored: IGNORED_RUNTIME,
  },
  "auto-gomemlimit.ratio": {
    kind: "number",
    default: "0.9",
    min: 0,
    max: 1,
    help: "The ratio of reserved GOMEMLIMIT memory to the detected maximum.",
    ignored: IGNORED_RUNTIME,
  },
  "auto-gomemlimit.refresh-interval": {
    kind: "duration",
    default: "0s",
    help: "How often to look at the memory limit again; 0s is once, at start.",
    ignored: IGNORED_RUNTIME,
  },
} as const satisfies FlagTable;

export const WEB_FLAGS = {
  "web.listen-address": {
    kind: "address",
    default: "0.0.0.0:9090",
    repeatable: true,
    help: "Address to listen on for UI, API, and telemetry. Can be repeated.",
  },
  "web.config.file": {
    kind: "text",
    default: "",
    help: "Path to a file that can enable TLS or authentication.",
    refused: "TLS and authentication of the web server are not available in this version",
  },
  "web.read-timeout": {
    kind: "duration",
    default: "5m",
    help: "Maximum duration before timing out read of the request, and closing idle connections.",
  },
  "web.max-connections": {
    kind: "integer",
    default: "512",
    min: 1,
    help: "Maximum number of simultaneous connections across all listeners.",
  },
  "web.max-notifications-subscribers": {
    kind: "integer",
    default: "16",
    min: 0,
    help: "Limits the maximum number of subscribers that can concurrently receive live notifications.",
    ignored: IGNORED_YET,
  },
  "web.external-url": {
    kind: "url",
    placeholder: "<URL>",
    help:
      "The URL under which the server is externally reachable (for example, behind a reverse proxy). Used for generating relative and absolute links back to the server itself. If the URL has a path portion, it prefixes all HTTP endpoints. If omitted, it is derived from the host name and port.",
  },
  "web.route-prefix": {
    kind: "text",
    placeholder: "<path>",
    help: "Prefix for the internal routes of web endpoints. Defaults to the path of --web.external-url.",
  },
  "web.user-assets": {
    kind: "text",
    placeholder: "<path>",
    help: "Path to a static asset directory, available at /user.",
    ignored: IGNORED_YET,
  },
  "web.enable-lifecycle": { kind: "bool", help: "Enable shutdown and reload via HTTP request." },
  "web.enable-admin-api": {
    kind: "bool",
    help: "Enable API endpoints for admin control actions.",
    ignored: IGNORED_YET,
  },
  "web.enable-remote-write-receiver": {
    kind: "bool",
    help: "Enable the API endpoint that accepts remote write requests.",
  },
  "web.remote-write-receiver.accepted-protobuf-messages": {
    kind: "choice",
    repeatable: true,
    default: "prometheus.WriteRequest,io.prometheus.write.v2.Request",
    choices: ["prometheus.WriteRequest", "io.prometheus.write.v2.Request"],
    help: "The remote write protobuf messages to accept.",
  },
  "web.enable-otlp-receiver": {
    kind: "bool",
    help: "Enable the API endpoint that accepts OTLP write requests.",
    ignored: IGNORED_YET,
  },
  "web.console.templates": {
    kind: "text",
    default: "consoles",
    help: "Path to the console template directory, available at /consoles.",
  },
  "web.console.libraries": {
    kind: "text",
    default: "console_libraries",
    help: "Path to the console library directory.",
  },
  "web.page-title": {
    kind: "text",
    default: "Narthex Time Series Collection and Processing Server",
    help: "Document title of the page.",
  },
  "web.cors.origin": {
    kind: "regex",
    default: ".*",
    help: "Regex for CORS origin. It is fully anchored. Example: 'https?://(domain1|domain2)\\.com'",
  },
  "web.search.max-limit": {
    kind: "integer",
    default: "10000",
    min: 0,
    help: "Upper bound of the limit parameter of the search API; 0 is none.",
    ignored: IGNORED_YET,
  },
} as const satisfies FlagTable;
