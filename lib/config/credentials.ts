/**
 * What an HTTP client block adds to a request: authentication, own headers, TLS material. Files are read at each
 * request, so that a rotated secret counts from the next request on.
 */
import type { HttpClientConfig, Secret, TlsConfig } from "./types.ts";
import { UserError } from "../core/errors.ts";
import type { Files, HttpTls } from "../core/ports.ts";

export type Header = readonly [name: string, value: string];

/** Rejects with a `UserError` that names the file when a secret cannot be read. */
export async function credentialHeaders(http: HttpClientConfig, files: Files): Promise<readonly Header[]> {
  const headers: Header[] = [];
  for (const { name, values, secrets, files: paths } of http.headers) {
    for (const value of [...values, ...secrets]) headers.push([name, value]);
    for (const path of paths) headers.push([name, (await files.readText(path)).trim()]);
  }
  const { auth } = http;
  switch (auth.kind) {
    case "none":
      break;
    case "basic": {
      const username = await secretOf(auth.username, files);
      const password = auth.password === undefined ? "" : await secretOf(auth.password, files);
      headers.push(["Authorization", `Basic ${base64(`${username}:${password}`)}`]);
      break;
    }
    case "authorization":
      if (auth.credentials !== undefined) {
        headers.push(["Authorization", `${auth.type} ${await secretOf(auth.credentials, files)}`]);
      }
      break;
    case "oauth2":
      throw new UserError(
        "execution",
        "oauth2 is checked, but not active yet: use basic_auth or authorization",
      );
  }
  return headers;
}

/** Undefined where the block says nothing about TLS. */
export async function tlsMaterial(tls: TlsConfig, files: Files): Promise<HttpTls | undefined> {
  const { ca, cert, key, serverName, insecureSkipVerify } = tls;
  if (!ca && !cert && !key && serverName === "" && !insecureSkipVerify) return undefined;
  return {
    insecureSkipVerify,
    ...(ca === undefined ? {} : { caPem: await secretOf(ca, files) }),
    ...(cert === undefined ? {} : { certPem: await secretOf(cert, files) }),
    ...(key === undefined ? {} : { keyPem: await secretOf(key, files) }),
    ...(serverName === "" ? {} : { serverName }),
  };
}

async function secretOf(secret: Secret, files: Files): Promise<string> {
  return secret.kind === "inline" ? secret.value : (await files.readText(secret.path)).trim();
}

function base64(text: string): string {
  let binary = "";
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}
