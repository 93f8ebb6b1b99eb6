/**
 * The HTTP client block, inline in scrape configurations, discovery, remote and alerting: authentication, TLS,
 * proxy, headers. At most one way to authenticate; a secret inline or in a file, not both.
 */
import { any, list, mapOf } from "./containers.ts";
import { field, keptField, type Reader, struct, type ValueOf } from "./schema.ts";
import { bool, choice, optional, path, secret, text, url } from "./scalars.ts";

const TLS_VERSIONS = ["TLS10", "TLS11", "TLS12", "TLS13"] as const;
const tlsVersion = choice({ values: TLS_VERSIONS, message: (got) => `unknown TLS version: ${got}` });

const TLS_FIELDS = {
  ca: field(text),
  cert: field(text),
  key: field(secret),
  ca_file: field(path),
  cert_file: field(path),
  key_file: field(path),
  ca_ref: field(text),
  cert_ref: field(text),
  key_ref: field(text),
  server_name: field(text),
  insecure_skip_verify: keptField(bool),
  min_version: field(tlsVersion),
  max_version: field(tlsVersion),
};
export type TlsSettings = ValueOf<typeof TLS_FIELDS>;

export const tlsConfig = struct({ type: "config.plain", fields: TLS_FIELDS, check: checkTls });

function checkTls(tls: TlsSettings, reader: Reader): void {
  const say = (message: string, name: string) => reader.reportOf(tls, message, name);
  if (count(tls.ca, tls.ca_file, tls.ca_ref) > 1) {
    say("at most one of ca and ca_file must be configured", "ca_file");
  }
  if (count(tls.cert, tls.cert_file, tls.cert_ref) > 1) {
    say("at most one of cert and cert_file must be configured", "cert_file");
  }
  if (count(tls.key, tls.key_file, tls.key_ref) > 1) {
    say("at most one of key and key_file must be configured", "key_file");
  }
  const certs = count(tls.cert, tls.cert_file, tls.cert_ref);
  const keys = count(tls.key, tls.key_file, tls.key_ref);
  if (certs > 0 && keys === 0) {
    reader.reportOf(
      tls,
      "exactly one of key or key_file must be configured when a client certificate is configured",
    );
  } else if (keys > 0 && certs === 0) {
    reader.reportOf(
      tls,
      "exactly one of cert or cert_file must be configured when a client key is configured",
    );
  }
  if (tls.max_version !== "" && tls.min_version > tls.max_version) {
    say(
      "tls_config.max_version must be greater than or equal to tls_config.min_version if both are specified",
      "max_version",
    );
  }
}

function count(...values: readonly string[]): number {
  return values.filter((value) => value !== "").length;
}

const basicAuth = struct({
  type: "config.plain",
  fields: {
    username: field(text),
    username_file: field(path),
    username_ref: field(text),
    password: field(secret),
    password_file: field(path),
    password_ref: field(text),
  },
});

const authorization = struct({
  type: "config.Authorization",
  fields: {
    type: field(text),
    credentials: field(secret),
    credentials_file: field(path),
    credentials_ref: field(text),
  },
});

export const PROXY_FIELDS = {
  proxy_url: field(url),
  no_proxy: field(text),
  proxy_from_environment: field(bool),
  proxy_connect_header: field(mapOf(list(secret))),
};
export type ProxySettings = ValueOf<typeof PROXY_FIELDS>;

function checkProxy(proxy: ProxySettings, reader: Reader): void {
  if (proxy.proxy_connect_header.length > 0 && !proxy.proxy_from_environment && proxy.proxy_url === "") {
    const message =
      "if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be configured";
    reader.reportOf(proxy, message, "proxy_connect_header");
  }
  if (proxy.proxy_from_environment && proxy.proxy_url !== "") {
    const message = "if proxy_from_environment is configured, proxy_url must not be configured";
    reader.reportOf(proxy, message, "proxy_url");
  }
  if (proxy.proxy_from_environment && proxy.no_proxy !== "") {
    reader.reportOf(
      proxy,
      "if proxy_from_environment is configured, no_proxy must not be configured",
      "no_proxy",
    );
  }
  if (proxy.proxy_url === "" && proxy.no_proxy !== "") {
    reader.reportOf(proxy, "if no_proxy is configured, proxy_url must also be configured", "no_proxy");
  }
}

const JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer";

const OAUTH2_FIELDS = {
  client_id: keptField(text),
  client_secret: field(secret),
  client_secret_file: field(path),
  client_secret_ref: field(text),
  client_certificate_key_id: field(text),
  client_certificate_key: field(secret),
  client_certificate_key_file: field(path),
  client_certificate_key_ref: field(text),
  grant_type: field(choice({ values: ["client_credentials", JWT_GRANT] })),
  signature_algorithm: field(choice({ values: ["RS256", "RS384", "RS512"] })),
  iss: field(text),
  audience: field(text),
  claims: field(mapOf(any)),
  scopes: field(list(text)),
  token_url: keptField(text),
  endpoint_params: field(mapOf(text)),
  tls_config: field(tlsConfig),
  ...PROXY_FIELDS,
};
export type Oauth2Settings = ValueOf<typeof OAUTH2_FIELDS>;

const oauth2 = struct({
  type: "config.plain",
  fields: OAUTH2_FIELDS,
  check(value, reader) {
    checkProxy(value, reader);
    if (value.client_id === "") reader.reportOf(value, "oauth2 client_id must be configured");
    if (value.token_url === "") reader.reportOf(value, "oauth2 token_url must be configured");
    if (count(value.client_secret, value.client_secret_file, value.client_secret_ref) > 1) {
      reader.reportOf(
        value,
        "at most one of oauth2 client_secret, client_secret_file & client_secret_ref must be configured",
      );
    }
    const keys = count(
      value.client_certificate_key,
      value.client_certificate_key_file,
      value.client_certificate_key_ref,
    );
    if (value.grant_type === JWT_GRANT && keys !== 1) {
      const message =
        "exactly one of oauth2 client_certificate_key & client_certificate_key_file must be configured";
      reader.reportOf(value, `${message} for the grant type ${JWT_GRANT}`);
    }
  },
});

const header = struct({
  type: "config.Header",
  fields: { values: field(list(text)), secrets: field(list(secret)), files: field(list(path)) },
});

export const HTTP_FIELDS = {
  basic_auth: field(optional(basicAuth)),
  authorization: field(optional(authorization)),
  oauth2: field(optional(oauth2)),
  bearer_token: field(secret),
  bearer_token_file: field(path),
  tls_config: field(tlsConfig),
  follow_redirects: keptField(bool, true),
  enable_http2: keptField(bool, true),
  ...PROXY_FIELDS,
  http_headers: field(mapOf(header)),
};
export type HttpSettings = ValueOf<typeof HTTP_FIELDS>;

/** As Prometheus: what changes the connection, or is set by the server itself, is not for the user to set. */
const RESERVED_HEADERS: ReadonlySet<string> = new Set([
  "accept",
  "accept-encoding",
  "authorization",
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
  "x-prometheus-scrape-timeout-seconds",
]);

export function checkHttp(http: HttpSettings, reader: Reader): void {
  const problem = authProblem(http);
  if (problem !== undefined) reader.reportOf(http, problem.message, problem.name);
  checkProxy(http, reader);
  for (const [name] of http.http_headers) {
    if (RESERVED_HEADERS.has(name.toLowerCase())) {
      reader.reportOf(http, `setting header "${canonicalHeader(name)}" is not allowed`, "http_headers");
    }
  }
}

function authProblem(http: HttpSettings): { readonly message: string; readonly name: string } | undefined {
  const bearer = http.bearer_token !== "" || http.bearer_token_file !== "";
  const { basic_auth: basic, authorization: auth } = http;
  if (http.bearer_token !== "" && http.bearer_token_file !== "") {
    const message = "at most one of bearer_token & bearer_token_file must be configured";
    return { message, name: "bearer_token_file" };
  }
  if ((basic !== undefined || http.oauth2 !== undefined) && bearer) {
    const message = "at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured";
    return { message, name: http.bearer_token !== "" ? "bearer_token" : "bearer_token_file" };
  }
  if (basic !== undefined && count(basic.username, basic.username_file, basic.username_ref) > 1) {
    const message = "at most one of basic_auth username, username_file & username_ref must be configured";
    return { message, name: "basic_auth" };
  }
  if (basic !== undefined && count(basic.password, basic.password_file, basic.password_ref) > 1) {
    const message = "at most one of basic_auth password, password_file & password_ref must be configured";
    return { message, name: "basic_auth" };
  }
  if (basic !== undefined && http.oauth2 !== undefined) {
    return {
      message: "at most one of basic_auth, oauth2 & authorization must be configured",
      name: "oauth2",
    };
  }
  if (auth === undefined) return undefined;
  const name = "authorization";
  if (bearer) {
    return { message: "authorization is not compatible with bearer_token & bearer_token_file", name };
  }
  if (count(auth.credentials, auth.credentials_file, auth.credentials_ref) > 1) {
    return {
      message: "at most one of authorization credentials & credentials_file must be configured",
      name,
    };
  }
  if (auth.type.trim().toLowerCase() === "basic") {
    return { message: 'authorization type cannot be set to "basic", use "basic_auth" instead', name };
  }
  if (basic !== undefined || http.oauth2 !== undefined) {
    return { message: "at most one of basic_auth, oauth2 & authorization must be configured", name };
  }
  return undefined;
}

/** As Prometheus: a bearer token becomes an authorization, whose type is Bearer unless it says otherwise. */
export function settleHttp<T extends HttpSettings>(http: T): T {
  const old = http.bearer_token !== "" || http.bearer_token_file !== "";
  if (http.authorization === undefined && !old) return http;
  const auth = http.authorization ??
    {
      type: "",
      credentials: http.bearer_token,
      credentials_file: http.bearer_token_file,
      credentials_ref: "",
    };
  const type = auth.type.trim();
  return {
    ...http,
    bearer_token: "",
    bearer_token_file: "",
    authorization: { ...auth, type: type === "" ? "Bearer" : type },
  };
}

function canonicalHeader(name: string): string {
  return name.toLowerCase().replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
}
