/** Who the machine is: kernel (uname) and distribution (os). */
import { type Collector, linesOf, readOptional } from "./collector.ts";

export function unameCollector(): Collector {
  return {
    name: "uname",
    async collect(host, families) {
      const kernel = async (name: string) => (await host.readText(`/proc/sys/kernel/${name}`)).trim();
      families.gauge(
        "node_uname_info",
        "Labeled system information as provided by the uname system call.",
        1,
        {
          sysname: await kernel("ostype"),
          release: await kernel("osrelease"),
          version: await kernel("version"),
          machine: host.machine,
          nodename: await kernel("hostname"),
          domainname: await kernel("domainname"),
        },
      );
    },
  };
}

const RELEASE_PATHS = ["/etc/os-release", "/usr/lib/os-release"] as const;
const INFO_FIELDS = [
  "build_id",
  "id",
  "id_like",
  "image_id",
  "image_version",
  "name",
  "pretty_name",
  "variant",
  "variant_id",
  "version",
  "version_codename",
  "version_id",
] as const;

/** `NAME="value"` lines of os-release(5), with the shell's quotes taken off. */
export function parseOsRelease(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of linesOf(text)) {
    const match = /^([A-Z][A-Z0-9_]*)=(.*)$/.exec(line.trim());
    if (match === null) continue;
    const raw = match[2]!;
    const quoted = /^(["'])(.*)\1$/.exec(raw);
    fields.set(match[1]!, quoted === null ? raw : quoted[2]!.replaceAll(/\\(["'$`\\])/g, "$1"));
  }
  return fields;
}

export function osCollector(): Collector {
  return {
    name: "os",
    async collect(host, families) {
      let text: string | undefined;
      for (const path of RELEASE_PATHS) text ??= await readOptional(host, path);
      if (text === undefined) throw new Error(`none of ${RELEASE_PATHS.join(", ")} can be read`);
      const release = parseOsRelease(text);
      const field = (name: string) => release.get(name.toUpperCase()) ?? "";
      families.gauge(
        "node_os_info",
        `A metric with a constant '1' value labeled by ${INFO_FIELDS.join(", ")}.`,
        1,
        Object.fromEntries(INFO_FIELDS.map((name) => [name, field(name)])),
      );
      const version = /^[0-9]+(?:\.[0-9]+)?/.exec(field("version_id"))?.[0];
      if (version === undefined) return;
      families.gauge(
        "node_os_version",
        "Metric containing the major.minor part of the OS version.",
        Number(version),
        { id: field("id"), id_like: field("id_like"), name: field("name") },
      );
    },
  };
}
