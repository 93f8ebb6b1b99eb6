/** Kubernetes discovery's fields: roles, namespaces, selectors, and which of them go together. */
import { list } from "./containers.ts";
import { httpMechanism } from "./discovery_mechanism.ts";
import type { HttpSettings } from "./http_client.ts";
import { bool, choice, optional, path, text, url } from "./scalars.ts";
import { field, keptField, type Reader, type Schema, struct } from "./schema.ts";

const ROLES = ["node", "service", "pod", "endpoints", "endpointslice", "ingress"] as const;
const role = choice({ values: ROLES, message: (got) => `unknown Kubernetes SD role "${got}"` });

/** Which objects a role can select by. */
const SELECTABLE: Readonly<Record<typeof ROLES[number], readonly string[]>> = {
  pod: ["pod", "node"],
  service: ["service"],
  endpoints: ["pod", "service", "endpoints"],
  endpointslice: ["pod", "service", "endpointslice"],
  node: ["node"],
  ingress: ["ingress"],
};

const selector = struct({
  type: "kubernetes.plain",
  fields: { role: field(role), label: field(text), field: field(text) },
});

const namespaces = struct({
  type: "kubernetes.plain",
  fields: { own_namespace: keptField(bool), names: keptField(list(text)) },
});

const attachMetadata = struct({
  type: "kubernetes.plain",
  fields: { node: keptField(bool), namespace: field(bool) },
});

const FIELDS = {
  api_server: field(url),
  role: keptField(role),
  kubeconfig_file: keptField(path),
  namespaces: field(namespaces),
  selectors: field(list(selector)),
  attach_metadata: field(optional(attachMetadata)),
};

export const KUBERNETES: Schema<object> = httpMechanism("kubernetes", FIELDS, (value, reader) => {
  const say = (message: string, name?: string) => reader.reportOf(value, message, name);
  if (value.role === "") {
    return say(`role missing (one of: pod, service, endpoints, endpointslice, node, ingress)`, "role");
  }
  if (value.api_server !== "" && value.kubeconfig_file !== "") {
    say("cannot use 'kubeconfig_file' and 'api_server' simultaneously", "kubeconfig_file");
  } else if (value.kubeconfig_file !== "" && isCustom(value)) {
    say("cannot use a custom HTTP client configuration together with 'kubeconfig_file'");
  } else if (value.api_server === "" && isCustom(value)) {
    say("to use custom HTTP client configuration please provide the 'api_server' URL explicitly");
  }
  if (value.api_server !== "" && value.namespaces.own_namespace) {
    say("cannot use 'api_server' and 'namespaces.own_namespace' simultaneously", "namespaces");
  }
  if (value.kubeconfig_file !== "" && value.namespaces.own_namespace) {
    say("cannot use 'kubeconfig_file' and 'namespaces.own_namespace' simultaneously", "namespaces");
  }
  const seen = new Set<string>();
  const allowed = SELECTABLE[value.role];
  for (const one of value.selectors) {
    if (seen.has(one.role)) reader.reportOf(one, `duplicated selector role: ${one.role}`, "role");
    seen.add(one.role);
    if (!allowed.includes(one.role)) {
      reader.reportOf(one, `${value.role} role supports only ${allowed.join(", ")} selectors`, "role");
    }
    checkFieldSelector(one, reader);
  }
});

/** Whether anything of the HTTP client block is not as it starts. */
function isCustom(http: HttpSettings): boolean {
  return http.basic_auth !== undefined || http.authorization !== undefined || http.oauth2 !== undefined ||
    http.bearer_token !== "" || http.bearer_token_file !== "" || http.proxy_url !== "" ||
    http.tls_config.ca !== "" || http.tls_config.ca_file !== "" || http.tls_config.cert !== "" ||
    http.tls_config.cert_file !== "" || http.tls_config.insecure_skip_verify ||
    http.tls_config.server_name !== "" || !http.follow_redirects || !http.enable_http2;
}

/** As Kubernetes reads field selectors: terms joined by commas, each with `=`, `==` or `!=`. */
function checkFieldSelector(one: { readonly field: string }, reader: Reader): void {
  if (one.field === "") return;
  for (const term of one.field.split(",")) {
    if (term === "" || term.includes("=")) continue;
    reader.reportOf(one, `invalid selector: '${one.field}'; can't understand '${term}'`, "field");
  }
}
