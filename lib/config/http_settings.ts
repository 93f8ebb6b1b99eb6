/** The HTTP client block as the rest of the program sees it: one way to authenticate, secrets inline or in files. */
import type { HttpSettings, Oauth2Settings, ProxySettings, TlsSettings } from "./schema/http_client.ts";
import type {
  Authorization,
  BasicAuth,
  HttpClientConfig,
  Oauth2,
  ProxyConfig,
  Secret,
  TlsConfig,
} from "./types.ts";

export function httpClientOf(http: HttpSettings): HttpClientConfig {
  return {
    auth: authOf(http),
    tls: tlsOf(http.tls_config),
    proxy: proxyOf(http),
    followRedirects: http.follow_redirects,
    enableHttp2: http.enable_http2,
    headers: http.http_headers.map(([name, header]) => ({ name, ...header })),
  };
}

function authOf(http: HttpSettings): HttpClientConfig["auth"] {
  const { basic_auth: basic, authorization } = http;
  if (basic !== undefined) {
    const auth: BasicAuth = {
      kind: "basic",
      username: secretOf(basic.username, basic.username_file) ?? { kind: "inline", value: "" },
      password: secretOf(basic.password, basic.password_file),
    };
    return auth;
  }
  if (authorization !== undefined) {
    const auth: Authorization = {
      kind: "authorization",
      type: authorization.type,
      credentials: secretOf(authorization.credentials, authorization.credentials_file),
    };
    return auth;
  }
  return http.oauth2 === undefined ? { kind: "none" } : oauth2Of(http.oauth2);
}

function oauth2Of(oauth2: Oauth2Settings): Oauth2 {
  return {
    kind: "oauth2",
    clientId: oauth2.client_id,
    clientSecret: secretOf(oauth2.client_secret, oauth2.client_secret_file),
    clientCertificateKey: secretOf(oauth2.client_certificate_key, oauth2.client_certificate_key_file),
    clientCertificateKeyId: oauth2.client_certificate_key_id,
    grantType: oauth2.grant_type || "client_credentials",
    signatureAlgorithm: oauth2.signature_algorithm || "RS256",
    issuer: oauth2.iss,
    audience: oauth2.audience,
    scopes: oauth2.scopes,
    tokenUrl: oauth2.token_url,
    endpointParams: oauth2.endpoint_params,
    tls: tlsOf(oauth2.tls_config),
    proxy: proxyOf(oauth2),
  };
}

function secretOf(value: string, file: string): Secret | undefined {
  if (file !== "") return { kind: "file", path: file };
  return value === "" ? undefined : { kind: "inline", value };
}

function tlsOf(tls: TlsSettings): TlsConfig {
  const ca = secretOf(tls.ca, tls.ca_file);
  const cert = secretOf(tls.cert, tls.cert_file);
  const key = secretOf(tls.key, tls.key_file);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    serverName: tls.server_name,
    insecureSkipVerify: tls.insecure_skip_verify,
    minVersion: tls.min_version,
    maxVersion: tls.max_version,
  };
}

function proxyOf(proxy: ProxySettings): ProxyConfig {
  if (proxy.proxy_url !== "") {
    return {
      kind: "url",
      url: proxy.proxy_url,
      noProxy: proxy.no_proxy,
      connectHeaders: proxy.proxy_connect_header,
    };
  }
  return proxy.proxy_from_environment ? { kind: "environment" } : { kind: "none" };
}
