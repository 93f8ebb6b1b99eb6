/**
 * What every discovery mechanism answers. The types stand with the configuration, which holds groups of its own
 * (`static_configs`).
 */
export type { FileSdConfig, TargetGroup } from "../config/target_groups.ts";
