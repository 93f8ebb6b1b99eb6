/**
 * Addresses in the configuration, by the lenient rules of Go's url.Parse: what has no scheme is a path, and a
 * template of a host is no business of ours.
 */
export interface UrlParts {
  readonly scheme: string;
  readonly host: string;
}

/** Why Go would refuse this text as a URL; undefined where it would not. */
export function checkUrl(text: string): string | undefined {
  if (hasControl(text)) return "net/url: invalid control character in URL";
  if (text.startsWith(":")) return `parse "${text}": missing protocol scheme`;
  if (/%(?![0-9a-fA-F]{2})/.test(text.split("?")[0]!)) return `parse "${text}": invalid URL escape`;
  const colon = text.search(/[:/?#]/);
  if (colon > 0 && text[colon] === ":" && !/^[a-zA-Z][a-zA-Z0-9+.-]*$/.test(text.slice(0, colon))) {
    return `parse "${text}": first path segment in URL cannot contain colon`;
  }
  const host = urlParts(text).host;
  const port = /:([^:\]]*)$/.exec(host);
  if (port !== null && !/^[0-9]*$/.test(port[1]!)) {
    return `parse "${text}": invalid port ":${port[1]}" after host`;
  }
  return / /.test(host) ? `parse "${text}": invalid character " " in host name` : undefined;
}

function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}

export function urlParts(text: string): UrlParts {
  const match = /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(?:\/\/([^/?#]*))?/.exec(text)!;
  return { scheme: (match[1] ?? "").toLowerCase(), host: (match[2] ?? "").replace(/^.*@/, "") };
}

/** Masks the password, as Prometheus does on its status page. */
export function redactUrl(text: string): string {
  return text.replace(/^([a-zA-Z][a-zA-Z0-9+.-]*:\/\/[^/?#:@]*):[^/?#@]*@/, "$1:xxxxx@");
}
