/** The address under which others reach a target that this server reaches as localhost. */

const LOCAL_HOSTS: ReadonlySet<string> = new Set(["127.0.0.1", "localhost", "[::1]"]);

export interface OwnAddresses {
  readonly listenAddress: string;
  readonly externalUrl: string;
}

/**
 * As Prometheus: a target on localhost at our own port is ourselves, so it gets the external URL's scheme and host;
 * another port of localhost gets the external host name, which is the best guess.
 */
export function globalUrlOf(scrapeUrl: string, own: OwnAddresses): string {
  const url = URL.parse(scrapeUrl);
  const external = URL.parse(own.externalUrl);
  if (url === null || external === null || !LOCAL_HOSTS.has(url.hostname)) return scrapeUrl;
  const port = url.port !== "" ? url.port : url.protocol === "https:" ? "443" : "80";
  const rest = scrapeUrl.slice(scrapeUrl.indexOf("//") + 2);
  const pathAt = rest.indexOf("/");
  const path = pathAt < 0 ? "" : rest.slice(pathAt);
  if (own.listenAddress.endsWith(`:${port}`)) return `${external.protocol}//${external.host}${path}`;
  return `${url.protocol}//${external.hostname}${url.port === "" ? "" : `:${url.port}`}${path}`;
}
