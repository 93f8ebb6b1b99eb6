/** The machine's clock and the sources it may use. */
import { type Collector, fieldsOf, readOptional } from "./collector.ts";

const CLOCKSOURCES = "/sys/devices/system/clocksource";

export function timeCollector(): Collector {
  return {
    name: "time",
    async collect(host, families) {
      const nowMs = host.nowMs();
      families.gauge("node_time_seconds", "System time in seconds since epoch (1970).", nowMs / 1000);
      const zoned = Temporal.Instant.fromEpochMilliseconds(Math.floor(nowMs))
        .toZonedDateTimeISO(host.timeZone);
      families.gauge(
        "node_time_zone_offset_seconds",
        "System time zone offset in seconds.",
        zoned.offsetNanoseconds / 1e9,
        { time_zone: zoneName(zoned) },
      );
      for (const entry of await host.list(CLOCKSOURCES).catch(() => [])) {
        const device = /^clocksource([0-9]+)$/.exec(entry)?.[1];
        if (device === undefined) continue;
        const read = (name: string) => readOptional(host, `${CLOCKSOURCES}/${entry}/${name}`);
        for (const clocksource of fieldsOf(await read("available_clocksource") ?? "")) {
          families.gauge(
            "node_time_clocksource_available_info",
            "Available clocksources read from '/sys/devices/system/clocksource'.",
            1,
            { device, clocksource },
          );
        }
        families.gauge(
          "node_time_clocksource_current_info",
          "Current clocksource read from '/sys/devices/system/clocksource'.",
          1,
          { device, clocksource: await read("current_clocksource") ?? "" },
        );
      }
    },
  };
}

/** The zone's abbreviation where there is one (`UTC`, `CET`), as Go gives it; otherwise its offset. */
function zoneName(zoned: Temporal.ZonedDateTime): string {
  const parts = new Intl.DateTimeFormat("en-GB", { timeZone: zoned.timeZoneId, timeZoneName: "short" })
    .formatToParts(zoned.epochMilliseconds);
  return parts.find((part) => part.type === "timeZoneName")?.value ?? zoned.offset;
}
