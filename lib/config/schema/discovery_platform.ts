/**
 * Discovery from platforms that a user runs: DNS, HTTP, Consul, Kubernetes, Docker and their like. Fields,
 * defaults and checks of each mechanism; finding targets is not done here.
 */
import { list, mapOf } from "./containers.ts";
import { filterList, httpMechanism, plainMechanism, port, refresh } from "./discovery_mechanism.ts";
import { tlsConfig } from "./http_client.ts";
import { KUBERNETES } from "./discovery_kubernetes.ts";
import { bool, choice, duration, int, path, secret, text, url } from "./scalars.ts";
import { field, keptField, type Reader, type Schema } from "./schema.ts";
import { urlParts } from "./url.ts";

const MINUTE_MS = 60_000;

/** An absolute web address, as Prometheus words it. */
export function checkWebUrl(value: { readonly url: string }, reader: Reader): void {
  if (value.url === "") return reader.reportOf(value, "URL is missing", "url");
  const { scheme, host } = urlParts(value.url);
  if (scheme !== "http" && scheme !== "https") {
    reader.reportOf(value, "URL scheme must be 'http' or 'https'", "url");
  } else if (host === "") reader.reportOf(value, "host is missing in URL", "url");
}

const zookeeper = (name: string) =>
  plainMechanism(name, {
    servers: keptField(list(text)),
    paths: keptField(list(text)),
    timeout: field(duration, 10_000),
  }, (value, reader) => {
    if (value.servers.length === 0) {
      reader.reportOf(value, `${name} SD config must contain at least one Zookeeper server`);
    }
    if (value.paths.length === 0) {
      reader.reportOf(value, `${name} SD config must contain at least one path`);
    }
    for (const at of value.paths) {
      if (!at.startsWith("/")) {
        reader.reportOf(value, `${name} SD config paths must begin with '/': ${at}`, "paths");
      }
    }
  });

export const PLATFORM_DISCOVERY: Readonly<Record<string, Schema<object>>> = {
  consul: httpMechanism("consul", {
    server: field(text, "localhost:8500"),
    path_prefix: field(text),
    token: field(secret),
    datacenter: field(text),
    namespace: field(text),
    partition: field(text),
    tag_separator: field(text, ","),
    scheme: field(text, "http"),
    username: field(text),
    password: field(secret),
    allow_stale: keptField(bool, true),
    ...refresh(30_000),
    services: field(list(text)),
    tags: field(list(text)),
    node_meta: field(mapOf(text)),
    filter: field(text),
    health_filter: field(text),
  }, (value, reader) => {
    if (value.server.trim() === "") {
      reader.reportOf(value, "consul SD configuration requires a server address", "server");
    }
    const basic = value.basic_auth !== undefined;
    if ((value.username !== "" || value.password !== "") && basic) {
      reader.reportOf(
        value,
        "at most one of consul SD configuration username and password and basic auth can be configured",
      );
    }
    if (value.token !== "" && (basic || value.authorization !== undefined || value.oauth2 !== undefined)) {
      reader.reportOf(
        value,
        "at most one of consul SD token, authorization, or oauth2 can be configured",
        "token",
      );
    }
  }),
  dns: plainMechanism("dns", {
    names: keptField(list(text)),
    ...refresh(30_000),
    type: keptField(
      choice({ values: ["SRV", "A", "AAAA", "MX", "NS"], message: () => "invalid DNS-SD records type" }),
      "SRV",
    ),
    port: keptField(int),
  }, (value, reader) => {
    if (value.names.length === 0) {
      reader.reportOf(value, "DNS-SD config must contain at least one SRV record name", "names");
    }
    if (value.type !== "SRV" && value.port === 0) {
      reader.reportOf(value, "a port is required in DNS-SD configs for all record types except SRV", "type");
    }
  }),
  docker: httpMechanism("moby", {
    host: keptField(text),
    ...port(80),
    filters: filterList("docker SD filter values cannot be empty"),
    host_networking_host: keptField(text, "localhost"),
    ...refresh(MINUTE_MS),
    match_first_network: keptField(bool, true),
  }, (value, reader) => {
    if (value.host === "") reader.reportOf(value, "host missing", "host");
  }),
  dockerswarm: httpMechanism("moby", {
    host: keptField(text),
    role: keptField(text),
    ...port(80),
    filters: filterList("docker swarm SD filter values cannot be empty"),
    ...refresh(MINUTE_MS),
  }, (value, reader) => {
    if (value.host === "") reader.reportOf(value, "host missing", "host");
    if (value.role === "") reader.reportOf(value, "role missing (one of: tasks, services, nodes)", "role");
    else if (!["services", "nodes", "tasks"].includes(value.role)) {
      reader.reportOf(value, `invalid role ${value.role}, expected tasks, services, or nodes`, "role");
    }
  }),
  eureka: httpMechanism("eureka", { server: field(text), ...refresh(30_000) }, (value, reader) => {
    if (value.server === "") {
      return reader.reportOf(value, "eureka_sd: empty or null eureka server", "server");
    }
    const { scheme, host } = urlParts(value.server);
    if (scheme === "" || host === "") {
      reader.reportOf(value, "eureka_sd: invalid eureka server URL", "server");
    }
  }),
  http: httpMechanism("http", { ...refresh(MINUTE_MS), url: keptField(url) }, checkWebUrl),
  kubernetes: KUBERNETES,
  kuma: httpMechanism("xds", {
    ...refresh(15_000),
    fetch_timeout: field(duration, 2 * MINUTE_MS),
    server: field(url),
    client_id: field(text),
  }, (value, reader) => {
    if (value.server === "") return reader.reportOf(value, "kuma SD server must not be empty: ", "server");
    if (urlParts(value.server).host === "") {
      reader.reportOf(value, "kuma SD server must not be empty and have a scheme", "server");
    }
  }),
  marathon: httpMechanism("marathon", {
    servers: field(list(text)),
    ...refresh(30_000),
    auth_token: field(secret),
    auth_token_file: field(path),
  }, (value, reader) => {
    const token = value.auth_token !== "" || value.auth_token_file !== "";
    const say = (message: string) => reader.reportOf(value, `marathon_sd: ${message}`);
    if (value.servers.length === 0) say("must contain at least one Marathon server");
    if (value.auth_token !== "" && value.auth_token_file !== "") {
      say("at most one of auth_token & auth_token_file must be configured");
    }
    if (!token) return;
    if (value.basic_auth !== undefined) {
      say("at most one of basic_auth, auth_token & auth_token_file must be configured");
    }
    if (value.bearer_token !== "" || value.bearer_token_file !== "") {
      say("at most one of bearer_token, bearer_token_file, auth_token & auth_token_file must be configured");
    }
    if (value.authorization !== undefined) {
      say("at most one of auth_token, auth_token_file & authorization must be configured");
    }
  }),
  nerve: zookeeper("nerve"),
  nomad: httpMechanism("nomad", {
    allow_stale: keptField(bool, true),
    namespace: keptField(text, "default"),
    ...refresh(MINUTE_MS),
    region: keptField(text, "global"),
    server: keptField(text, "http://localhost:4646"),
    tag_separator: field(text, ","),
  }, (value, reader) => {
    if (value.server.trim() === "") {
      reader.reportOf(value, "nomad SD configuration requires a server address", "server");
    }
  }),
  puppetdb: httpMechanism("puppetdb", {
    ...refresh(MINUTE_MS),
    url: keptField(url),
    query: keptField(text),
    include_parameters: keptField(bool),
    ...port(80),
  }, (value, reader) => {
    checkWebUrl(value, reader);
    if (value.query === "") reader.reportOf(value, "query missing", "query");
  }),
  serverset: zookeeper("serverset"),
  triton: plainMechanism("triton", {
    account: keptField(text),
    role: keptField(text, "container"),
    dns_suffix: keptField(text),
    endpoint: keptField(text),
    groups: field(list(text)),
    ...port(9163),
    ...refresh(MINUTE_MS),
    tls_config: field(tlsConfig),
    version: keptField(int, 1),
  }, (value, reader) => {
    if (value.role !== "container" && value.role !== "cn") {
      reader.reportOf(value, "triton SD configuration requires role to be 'container' or 'cn'", "role");
    }
    if (value.account === "") {
      reader.reportOf(value, "triton SD configuration requires an account", "account");
    }
    if (value.dns_suffix === "") {
      reader.reportOf(value, "triton SD configuration requires a dns_suffix", "dns_suffix");
    }
    if (value.endpoint === "") {
      reader.reportOf(value, "triton SD configuration requires an endpoint", "endpoint");
    }
    if (value.refresh_interval <= 0) {
      reader.reportOf(
        value,
        "triton SD configuration requires RefreshInterval to be a positive integer",
        "refresh_interval",
      );
    }
  }),
  uyuni: httpMechanism("uyuni", {
    server: keptField(text),
    username: keptField(text),
    password: keptField(secret),
    entitlement: field(text, "monitoring_entitled"),
    separator: field(text, ","),
    ...refresh(MINUTE_MS),
  }, (value, reader) => {
    if (value.server === "") reader.reportOf(value, "Uyuni SD configuration requires server host", "server");
    else if (value.username === "") {
      reader.reportOf(value, "Uyuni SD configuration requires a username", "username");
    } else if (value.password === "") {
      reader.reportOf(value, "Uyuni SD configuration requires a password", "password");
    }
  }),
};
