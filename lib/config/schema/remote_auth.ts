/** How requests to clouds are signed: AWS, Azure and Google, each its own block. */
import { list } from "./containers.ts";
import { bool, choice, optional, path, secret, text } from "./scalars.ts";
import { field, struct } from "./schema.ts";

export const sigv4 = struct({
  type: "sigv4.plain",
  fields: {
    region: field(text),
    access_key: field(text),
    secret_key: field(secret),
    profile: field(text),
    role_arn: field(text),
    external_id: field(text),
    use_fips_sts_endpoint: field(bool),
    service_name: field(text),
  },
  check(value, reader) {
    if ((value.access_key === "") !== (value.secret_key === "")) {
      reader.reportOf(
        value,
        "must provide a AWS SigV4 Access key and Secret Key if credentials are specified in the SigV4 config",
      );
    }
  },
});

const azureSecretId = struct({
  type: "azuread.plain",
  fields: { client_id: field(text), client_secret: field(secret), tenant_id: field(text) },
});

const CLOUDS = ["AzurePublic", "AzureChina", "AzureGovernment"] as const;

export const azuread = struct({
  type: "azuread.plain",
  fields: {
    managed_identity: field(optional(struct({ type: "azuread.plain", fields: { client_id: field(text) } }))),
    workload_identity: field(optional(struct({
      type: "azuread.plain",
      fields: { client_id: field(text), tenant_id: field(text), token_file_path: field(path) },
    }))),
    oauth: field(optional(azureSecretId)),
    sdk: field(optional(struct({ type: "azuread.plain", fields: { tenant_id: field(text) } }))),
    certificate: field(optional(struct({
      type: "azuread.plain",
      fields: {
        client_id: field(text),
        tenant_id: field(text),
        certificate_path: field(path),
        certificate_password: field(secret),
        send_certificate_chain: field(bool),
      },
    }))),
    cloud: field(
      choice({
        values: CLOUDS,
        message: (got) => `unsupported cloud in the Azure AD config: "${got}"`,
      }),
      "AzurePublic",
    ),
    scope: field(text),
    additionally_allowed_tenants: field(list(text)),
  },
  check(value, reader) {
    const ways = [value.managed_identity, value.workload_identity, value.oauth, value.sdk, value.certificate];
    const configured = ways.filter((way) => way !== undefined).length;
    if (configured === 0) {
      const message =
        "must provide an Azure Managed Identity, Azure Workload Identity, Azure OAuth or Azure SDK in the Azure AD config";
      reader.reportOf(value, message);
    } else if (configured > 1) {
      reader.reportOf(value, "cannot provide multiple authentication methods in the Azure AD config");
    }
  },
});

export const googleIam = struct({
  type: "googleiam.plain",
  fields: { credentials_file: field(path) },
});
