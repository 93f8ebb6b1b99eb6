/**
 * Service discovery as fields of a scrape or alertmanager configuration: `static_configs` and each
 * `*_sd_configs`. The mechanisms' tables stand in discovery_*.ts; here they become fields.
 */
import { GLOB_PATH } from "../glob.ts";
import { list, mapOf } from "./containers.ts";
import { CLOUD_DISCOVERY } from "./discovery_cloud.ts";
import { PLATFORM_DISCOVERY } from "./discovery_platform.ts";
import { quoteBytes } from "./relabel.ts";
import { duration, path, text } from "./scalars.ts";
import { type Field, field, keptField, type Reader, struct, type ValueOf } from "./schema.ts";

const EXTENSION = /\.(?:json|yml|yaml)$/i;

export const staticGroup = struct({
  type: "struct",
  fields: { targets: keptField(list(text)), labels: field(mapOf(text)) },
  check(group, reader) {
    for (const [name] of group.labels) {
      if (name === "" || !name.isWellFormed()) {
        reader.reportOf(group, `${quoteBytes(name)} is not a valid label name`, "labels");
      }
    }
  },
});
export type StaticGroup = ReturnType<typeof staticGroup.read>;

export const fileDiscovery = struct({
  type: "file.plain",
  fields: { files: keptField(list(path)), refresh_interval: field(duration, 5 * 60_000) },
  check(value, reader) {
    if (value.files.length === 0) {
      reader.reportOf(value, "file service discovery config must contain at least one path name", "files");
    }
    for (const file of value.files) {
      if (EXTENSION.test(file) && GLOB_PATH.test(file)) continue;
      reader.reportOf(value, `path name "${file}" is not valid for file discovery`, "files");
    }
  },
});

const nullMessageOf = (name: string) => ({ nullMessage: `empty or null section in ${name}` });

const OTHER_FIELDS: Readonly<Record<string, Field<readonly object[]>>> = Object.fromEntries(
  Object.entries({ ...PLATFORM_DISCOVERY, ...CLOUD_DISCOVERY })
    .map(([mechanism, schema]) => [`${mechanism}_sd_configs`, schema] as const)
    .map(([name, schema]) => [name, field(list(schema, nullMessageOf(name)))]),
);

const ACTIVE_FIELDS = {
  static_configs: field(list(staticGroup, nullMessageOf("static_configs"))),
  file_sd_configs: field(list(fileDiscovery, nullMessageOf("file_sd_configs"))),
};

/** Mechanisms that are read and checked and have no effect. */
export const INACTIVE_DISCOVERY: readonly string[] = Object.keys(OTHER_FIELDS).sort();

export type DiscoverySettings = ValueOf<typeof ACTIVE_FIELDS>;

/** Sorted by name, as Prometheus writes them after all other fields. */
export const DISCOVERY_FIELDS: typeof ACTIVE_FIELDS = sorted({ ...OTHER_FIELDS, ...ACTIVE_FIELDS });

function sorted<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).sort(([a], [b]) => a < b ? -1 : 1)) as T;
}

/** The inactive mechanisms that a configuration uses. */
export function inactiveDiscoveryOf(settings: object): readonly string[] {
  return INACTIVE_DISCOVERY.filter((name) => {
    const configs: unknown = Reflect.get(settings, name);
    return Array.isArray(configs) && configs.length > 0;
  });
}

/** As Prometheus: without relabelling nothing can mend a URL that was given as a host. */
export function checkStaticTargets(settings: DiscoverySettings, reader: Reader): void {
  for (const group of settings.static_configs) {
    for (const target of group.targets) {
      if (target.includes("/")) reader.reportOf(group, `"${target}" is not a valid hostname`, "targets");
    }
  }
}
