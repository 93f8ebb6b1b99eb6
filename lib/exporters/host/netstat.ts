/** Protocol counters from /proc/net/netstat, snmp and snmp6: the fields that node_exporter keeps by default. */
import { type Collector, fieldsOf, linesOf, numberFrom, readOptional } from "./collector.ts";

/** As node_exporter's --collector.netstat.fields. */
const FIELDS =
  /^(.*_(InErrors|InErrs)|Ip_Forwarding|Ip(6|Ext)_(InOctets|OutOctets)|Icmp6?_(InMsgs|OutMsgs)|TcpExt_(Listen.*|Syncookies.*|TCPSynRetrans|TCPTimeouts|TCPOFOQueue|TCPRcvQDrop)|Tcp_(ActiveOpens|InSegs|OutSegs|OutRsts|PassiveOpens|RetransSegs|CurrEstab)|Udp6?_(InDatagrams|OutDatagrams|NoPorts|RcvbufErrors|SndbufErrors))$/;

/** Pairs of lines, `Proto: names…` over `Proto: values…`. */
export function parseNetstat(text: string, source: string): Map<string, number> {
  const values = new Map<string, number>();
  const lines = linesOf(text);
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const names = fieldsOf(lines[i]!);
    const counts = fieldsOf(lines[i + 1]!);
    if (names[0] !== counts[0] || names.length !== counts.length) {
      throw new Error(`${source}: expected a line of names and one of values, got "${lines[i]}"`);
    }
    const protocol = names[0]!.replace(/:$/, "");
    for (let k = 1; k < names.length; k++) {
      values.set(`${protocol}_${names[k]}`, numberFrom(counts[k], source));
    }
  }
  return values;
}

/** Lines `Ip6InReceives  0`; the protocol is what stands before the 6. */
export function parseSnmp6(text: string): Map<string, number> {
  const values = new Map<string, number>();
  for (const line of linesOf(text)) {
    const [name, count] = fieldsOf(line);
    const six = name!.indexOf("6");
    if (six < 0 || count === undefined) continue;
    const protocol = name!.slice(0, six + 1);
    values.set(`${protocol}_${name!.slice(six + 1)}`, numberFrom(count, "/proc/net/snmp6"));
  }
  return values;
}

export function netstatCollector(): Collector {
  return {
    name: "netstat",
    async collect(host, families) {
      const values = new Map([
        ...parseNetstat(await host.readText("/proc/net/netstat"), "/proc/net/netstat"),
        ...parseNetstat(await host.readText("/proc/net/snmp"), "/proc/net/snmp"),
        // Absent where IPv6 is off.
        ...parseSnmp6(await readOptional(host, "/proc/net/snmp6") ?? ""),
      ]);
      for (const [name, value] of values) {
        if (!FIELDS.test(name)) continue;
        families.untyped(`node_netstat_${name}`, `Statistic ${name.replace("_", "")}.`, value);
      }
    },
  };
}
