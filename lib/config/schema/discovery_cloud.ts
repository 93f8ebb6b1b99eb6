/**
 * Discovery from clouds: fields, defaults and checks of each mechanism; finding targets is not done here.
 */
import { list } from "./containers.ts";
import { filterList, httpMechanism, port, refresh, required } from "./discovery_mechanism.ts";
import { plainMechanism } from "./discovery_mechanism.ts";
import { tlsConfig } from "./http_client.ts";
import { bool, choice, duration, int, path, secret, text } from "./scalars.ts";
import { field, keptField, type Reader, type Schema } from "./schema.ts";
import { checkUrl } from "./url.ts";

const MINUTE_MS = 60_000;

const AWS_FIELDS = {
  region: keptField(text),
  endpoint: keptField(text),
  access_key: field(text),
  secret_key: field(secret),
  profile: field(text),
  role_arn: field(text),
  external_id: field(text),
  ...refresh(MINUTE_MS),
  ...port(80),
};
const AWS_CLUSTERS = { clusters: field(list(text)), request_concurrency: field(int, 10) };

function checkConcurrency(value: { readonly request_concurrency: number }, reader: Reader): void {
  if (value.request_concurrency > 0) return;
  reader.reportOf(
    value,
    `request_concurrency must be positive, got ${value.request_concurrency}`,
    "request_concurrency",
  );
}

function checkSecretKey(
  value: { readonly secret_key: string; readonly secret_key_file: string },
  reader: Reader,
): void {
  if (value.secret_key === "" && value.secret_key_file === "") {
    reader.reportOf(value, "one of secret_key & secret_key_file must be configured");
  }
  if (value.secret_key !== "" && value.secret_key_file !== "") {
    reader.reportOf(
      value,
      "at most one of secret_key & secret_key_file must be configured",
      "secret_key_file",
    );
  }
}

const AZURE_METHODS = ["OAuth", "ManagedIdentity", "SDK", "WorkloadIdentity"] as const;

const AZURE = httpMechanism("azure", {
  environment: field(text, "AzurePublicCloud"),
  ...port(80),
  subscription_id: keptField(text),
  tenant_id: field(text),
  client_id: field(text),
  client_secret: field(secret),
  refresh_interval: field(duration, 5 * MINUTE_MS),
  authentication_method: field(
    choice({
      values: AZURE_METHODS,
      message: (got) =>
        `unknown authentication_type "${got}". Supported types are "OAuth", "ManagedIdentity", "SDK" or "WorkloadIdentity"`,
    }),
    "OAuth",
  ),
  resource_group: field(text),
}, (value, reader) => {
  const names = value.authentication_method === "OAuth"
    ? ["subscription_id", "tenant_id", "client_id", "client_secret"] as const
    : ["subscription_id"] as const;
  for (const name of names) {
    if (value[name] === "") reader.reportOf(value, `azure SD configuration requires a ${name}`, name);
  }
});

const OCI_AUTH = ["api_key", "instance_principal"] as const;

const OCI = httpMechanism("oci", {
  auth: field(
    choice({
      values: OCI_AUTH,
      message: (got) => `oci_sd: unknown auth method "${got}", expected "api_key" or "instance_principal"`,
    }),
    "api_key",
  ),
  tenancy: field(text),
  user: field(text),
  fingerprint: field(text),
  key_file: field(path),
  key_passphrase: field(secret),
  key_passphrase_file: field(path),
  region: keptField(text),
  compartments: field(list(text)),
  ...port(80),
  ...refresh(MINUTE_MS),
}, (value, reader) => {
  if (value.region === "") reader.reportOf(value, "oci_sd: region is required", "region");
  if (value.key_passphrase !== "" && value.key_passphrase_file !== "") {
    const message = "oci_sd: at most one of key_passphrase & key_passphrase_file must be configured";
    reader.reportOf(value, message, "key_passphrase_file");
  }
  if (value.auth !== "api_key") return;
  for (const name of ["tenancy", "user", "fingerprint", "key_file"] as const) {
    if (value[name] === "") {
      reader.reportOf(value, `oci_sd: ${name} is required for auth method "api_key"`, name);
    }
  }
});

const OPENSTACK_AVAILABILITY = ["admin", "internal", "public"] as const;

const OPENSTACK = plainMechanism("openstack", {
  identity_endpoint: keptField(text),
  username: keptField(text),
  userid: keptField(text),
  password: keptField(secret),
  project_name: keptField(text),
  project_id: keptField(text),
  domain_name: keptField(text),
  domain_id: keptField(text),
  application_credential_name: keptField(text),
  application_credential_id: keptField(text),
  application_credential_secret: keptField(secret),
  role: keptField(text),
  region: keptField(text),
  ...refresh(MINUTE_MS),
  ...port(80),
  all_tenants: field(bool),
  tls_config: field(tlsConfig),
  availability: field(
    choice({
      values: OPENSTACK_AVAILABILITY,
      message: (got) => `unknown availability ${got}, must be one of admin, internal or public`,
    }),
    "public",
  ),
}, (value, reader) => {
  const roles = ["hypervisor", "instance", "loadbalancer"];
  if (value.role === "") reader.reportOf(value, `role missing (one of: ${roles.join(", ")})`, "role");
  else if (!roles.includes(value.role)) {
    reader.reportOf(value, `unknown OpenStack SD role "${value.role}"`, "role");
  } else if (value.region === "") {
    reader.reportOf(value, "openstack SD configuration requires a region", "region");
  }
});

const SCALEWAY = httpMechanism("scaleway", {
  project_id: keptField(text),
  api_url: field(text, "https://api.scaleway.com"),
  zone: keptField(text, "fr-par-1"),
  access_key: keptField(text),
  secret_key: field(secret),
  secret_key_file: field(path),
  name_filter: field(text),
  tags_filter: field(list(text)),
  ...refresh(MINUTE_MS),
  ...port(80),
  role: keptField(choice({ values: ["instance", "baremetal"], message: (got) => `unknown role "${got}"` })),
}, (value, reader) => {
  if (value.role === "") reader.reportOf(value, "role missing (one of: instance, baremetal)", "role");
  if (value.project_id === "") reader.reportOf(value, "project_id is mandatory", "project_id");
  checkSecretKey(value, reader);
  if (value.access_key === "") reader.reportOf(value, "access_key is mandatory", "access_key");
});

const OVHCLOUD = plainMechanism("ovhcloud", {
  endpoint: keptField(text, "ovh-eu"),
  application_key: keptField(text),
  application_secret: keptField(secret),
  consumer_key: keptField(secret),
  ...refresh(MINUTE_MS),
  service: keptField(text),
}, (value, reader) => {
  const say = (message: string, name: string) => reader.reportOf(value, message, name);
  if (value.endpoint === "") say("endpoint can not be empty", "endpoint");
  else if (value.application_key === "") say("application key can not be empty", "application_key");
  else if (value.application_secret === "") say("application secret can not be empty", "application_secret");
  else if (value.consumer_key === "") say("consumer key can not be empty", "consumer_key");
  else if (value.service !== "vps" && value.service !== "dedicated_server") {
    say(`unknown service: ${value.service}`, "service");
  }
});

export const CLOUD_DISCOVERY: Readonly<Record<string, Schema<object>>> = {
  aws: httpMechanism("aws", {
    role: keptField(
      choice({
        values: ["ec2", "ecs", "elasticache", "lightsail", "msk", "rds"],
        message: (got) => `unknown AWS SD role "${got}"`,
      }),
    ),
    ...AWS_FIELDS,
    ...AWS_CLUSTERS,
    filters: filterList("Filter values cannot be empty"),
  }, (value, reader) => {
    if (value.role === "") {
      reader.reportOf(value, "expected a role (ec2, ecs, elasticache, lightsail, msk, rds)", "role");
    }
    checkConcurrency(value, reader);
  }),
  azure: AZURE,
  digitalocean: httpMechanism("digitalocean", {
    ...refresh(MINUTE_MS),
    ...port(80),
    role: field(
      choice({ values: ["droplets", "databases"], message: (got) => `unknown role "${got}"` }),
      "droplets",
    ),
  }),
  ec2: httpMechanism("aws", {
    ...AWS_FIELDS,
    filters: filterList("EC2 SD configuration filter values cannot be empty"),
  }),
  ecs: httpMechanism(
    "aws",
    { ...AWS_FIELDS, ...AWS_CLUSTERS, request_concurrency: field(int, 20) },
    checkConcurrency,
  ),
  elasticache: httpMechanism("aws", { ...AWS_FIELDS, ...AWS_CLUSTERS }, checkConcurrency),
  gce: plainMechanism("gce", {
    project: keptField(text),
    zone: keptField(text),
    filter: field(text),
    ...refresh(MINUTE_MS),
    ...port(80),
    tag_separator: field(text, ","),
  }, (value, reader) => {
    if (value.project === "") reader.reportOf(value, "GCE SD configuration requires a project", "project");
    if (value.zone === "") reader.reportOf(value, "GCE SD configuration requires a zone", "zone");
  }),
  hetzner: httpMechanism("hetzner", {
    ...refresh(MINUTE_MS),
    ...port(80),
    role: keptField(choice({ values: ["hcloud", "robot"], message: (got) => `unknown role "${got}"` })),
    label_selector: field(text),
  }, required("role", "role missing (one of: robot, hcloud)")),
  ionos: httpMechanism("ionos", {
    datacenter_id: keptField(text),
    ...refresh(MINUTE_MS),
    ...port(80),
  }, required("datacenter_id", "datacenter id can't be empty")),
  lightsail: httpMechanism("aws", AWS_FIELDS),
  linode: httpMechanism("linode", {
    ...refresh(MINUTE_MS),
    ...port(80),
    tag_separator: field(text, ","),
    region: field(text),
  }),
  msk: httpMechanism("aws", { ...AWS_FIELDS, ...AWS_CLUSTERS }, checkConcurrency),
  oci: OCI,
  openstack: OPENSTACK,
  outscale: httpMechanism("outscale", {
    region: keptField(text),
    endpoint: field(text),
    access_key: keptField(text),
    secret_key: field(secret),
    secret_key_file: field(path),
    ...refresh(MINUTE_MS),
    ...port(80),
  }, (value, reader) => {
    if (value.region === "") reader.reportOf(value, "outscale SD configuration requires a region", "region");
    if (value.access_key === "") {
      reader.reportOf(value, "outscale SD configuration requires an access_key", "access_key");
    }
    checkSecretKey(value, reader);
  }),
  ovhcloud: OVHCLOUD,
  rds: httpMechanism("aws", {
    ...AWS_FIELDS,
    ...AWS_CLUSTERS,
    filters: filterList("RDS SD configuration filter values cannot be empty"),
  }, checkConcurrency),
  scaleway: SCALEWAY,
  stackit: httpMechanism("stackit", {
    project: keptField(text),
    region: keptField(text, "eu01"),
    endpoint: field(text),
    service_account_key: field(secret),
    service_account_key_path: field(path),
    private_key: field(secret),
    private_key_path: field(path),
    credentials_file_path: field(path),
    ...refresh(MINUTE_MS),
    ...port(80),
  }, (value, reader) => {
    if (value.endpoint !== "" && checkUrl(value.endpoint) !== undefined) {
      reader.reportOf(value, `stackit_sd: invalid endpoint "${value.endpoint}"`, "endpoint");
    }
  }),
  vultr: httpMechanism("vultr", { ...refresh(MINUTE_MS), ...port(80) }),
};
