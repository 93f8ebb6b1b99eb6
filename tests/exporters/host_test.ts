import assert, { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { parseCpuTimes, steadyCpuTimes } from "../../lib/exporters/host/cpu.ts";
import { createHostExporter } from "../../lib/exporters/host/exporter.ts";
import { parseMountinfo } from "../../lib/exporters/host/filesystem.ts";
import { Families } from "../../lib/exporters/host/families.ts";
import { parseMeminfo } from "../../lib/exporters/host/meminfo.ts";
import { parseNetDev } from "../../lib/exporters/host/netdev.ts";
import { parseNetstat, parseSnmp6 } from "../../lib/exporters/host/netstat.ts";
import { fixtureHost, HOST_FILES } from "./host_fixture.ts";

const BUILD = { version: "1.2.3", revision: "abc", branch: "main", goversion: "deno2" };

async function collect(host = fixtureHost()): Promise<string[]> {
  const exporter = createHostExporter(host, BUILD);
  return new TextDecoder().decode(await exporter.collect()).split("\n");
}

Deno.test("a small machine is exposed under node_exporter's names and labels", async () => {
  const lines = await collect();
  for (
    const line of [
      'node_cpu_seconds_total{cpu="0",mode="idle"} 10',
      'node_cpu_seconds_total{cpu="1",mode="softirq"} 0.03',
      'node_cpu_guest_seconds_total{cpu="1",mode="nice"} 0.01',
      "# TYPE node_cpu_seconds_total counter",
      "node_memory_MemTotal_bytes 8.192e+09",
      "node_memory_Active_anon_bytes 12288",
      "node_memory_HugePages_Total 3",
      "node_load1 0.1",
      "node_load15 0.05",
      "node_boot_time_seconds 1.795343472e+09",
      "node_intr_total 246787",
      "node_procs_blocked 1",
      'node_disk_read_bytes_total{device="vda"} 1.498780672e+09',
      'node_disk_discard_time_seconds_total{device="vda"} 0.47400000000000003',
      'node_disk_io_now{device="vda"} 2',
      'node_disk_info{device="vda",major="254",minor="0",model="QEMU_HARDDISK",path="",revision="",serial="abc=1",wwn=""} 1',
      'node_disk_filesystem_info{device="vda",type="ext4",usage="filesystem",uuid="",version=""} 1',
      'node_network_receive_bytes_total{device="eth0:1"} 3.07114866e+08',
      'node_network_transmit_carrier_total{device="eth0:1"} 11',
      'node_network_receive_nohandler_total{device="lo"} 5',
      'node_filesystem_size_bytes{device="/dev/vda",fstype="ext4",mountpoint="/"} 409600',
      'node_filesystem_avail_bytes{device="/dev/vda",fstype="ext4",mountpoint="/"} 204800',
      'node_filesystem_readonly{device="/dev/sdb1",fstype="xfs",mountpoint="/mnt/my disk"} 1',
      'node_filesystem_device_error{device="server:/dead",fstype="nfs4",mountpoint="/mnt/dead"} 1',
      'node_uname_info{domainname="(none)",machine="x86_64",nodename="vm",release="6.18.44",sysname="Linux",version="#1 SMP"} 1',
      'node_os_version{id="debian",id_like="",name="A \\"quoted\\" name"} 12.5',
      "node_filefd_maximum 2.466177e+06",
      "node_netstat_TcpExt_TCPTimeouts 2",
      "node_netstat_Ip6_InOctets 128",
      "# HELP node_netstat_Ip6_InOctets Statistic Ip6InOctets.",
      "node_sockstat_sockets_used 17",
      "node_sockstat_TCP_mem_bytes 458752",
      "node_sockstat_TCP6_inuse 9",
      "node_vmstat_pgfault 2.74798e+06",
      "node_pressure_io_stalled_seconds_total 5.89252",
      "node_entropy_pool_size_bits 256",
      "node_time_seconds 1.795344692429e+09",
      'node_time_zone_offset_seconds{time_zone="UTC"} 0',
      'node_time_clocksource_available_info{clocksource="kvm-clock",device="0"} 1',
      'node_exporter_build_info{branch="main",goarch="amd64",goos="linux",goversion="deno2",revision="abc",version="1.2.3"} 1',
      'node_scrape_collector_success{collector="filesystem"} 1',
    ]
  ) assert(lines.includes(line), line);
  assert(!lines.some((line) => /device="(loop0|vda1)"|mountpoint="\/proc"|PruneCalled|nr_free/.test(line)));
});

Deno.test("families are sorted by name, series by label values, no series stands twice", async () => {
  const lines = (await collect()).filter((line) => line !== "");
  const families = lines.filter((line) => line.startsWith("# TYPE")).map((line) => line.split(" ")[2]!);
  deepStrictEqual(families, [...families].sort());
  strictEqual(new Set(families).size, families.length);
  const series = lines.filter((line) => !line.startsWith("#")).map((line) =>
    line.slice(0, line.lastIndexOf(" "))
  );
  strictEqual(new Set(series).size, series.length);
  const cpus = series.filter((name) => name.startsWith("node_cpu_seconds_total"));
  deepStrictEqual(cpus, [...cpus].sort());
});

Deno.test("a collector whose source is gone or broken fails alone", async () => {
  const { "/proc/meminfo": _gone, ...rest } = HOST_FILES;
  const lines = await collect(fixtureHost({ ...rest, "/proc/loadavg": "garbage" }));
  assert(lines.includes('node_scrape_collector_success{collector="meminfo"} 0'));
  assert(lines.includes('node_scrape_collector_success{collector="loadavg"} 0'));
  assert(lines.includes('node_scrape_collector_success{collector="cpu"} 1'));
  assert(lines.some((line) => line.startsWith("node_cpu_seconds_total")));
  assert(!lines.some((line) => line.startsWith("node_memory")));
});

Deno.test("a machine without /proc at all still answers", async () => {
  const lines = await collect(fixtureHost({}));
  const failed = lines.filter((line) => /^node_scrape_collector_success.* 0$/.test(line));
  // The clock needs no file.
  strictEqual(failed.length, 15);
  assert(lines.includes('node_scrape_collector_success{collector="time"} 1'));
});

Deno.test("CPU counters do not go back by a little, and start anew after a CPU came back", () => {
  const before = { cpu: "0", seconds: [10, 0, 0, 100, 5, 0, 0, 0, 0, 0] };
  const dip = { cpu: "0", seconds: [11, 0, 0, 99.5, 4, 0, 0, 0, 0, 0] };
  deepStrictEqual(steadyCpuTimes(before, dip).seconds.slice(0, 5), [11, 0, 0, 100, 5]);
  const reset = { cpu: "0", seconds: [1, 0, 0, 2, 0, 0, 0, 0, 0, 0] };
  strictEqual(steadyCpuTimes(before, reset), reset);
  strictEqual(steadyCpuTimes(undefined, reset), reset);
});

Deno.test("texts that are not the kernel's are refused with their source", () => {
  throws(() => parseCpuTimes("cpu0 1 x 3\n"), /\/proc\/stat: expected a number, got "x"/);
  throws(() => parseCpuTimes("nothing\n"), /expected a line for each CPU/);
  throws(() => parseMeminfo("MemTotal: 5 MB\n"), /expected unit "kB", got "MB"/);
  throws(() => parseNetDev("a\nb\neth0: 1 2 3\n"), /expected 16 counts, got 3/);
  throws(() => parseNetDev("a\nb\nno device\n"), /expected "device: counts"/);
  throws(() => parseNetstat("Tcp: a b\nUdp: 1 2\n", "/proc/net/snmp"), /\/proc\/net\/snmp: expected/);
  throws(() => parseMountinfo("22 27 0:21 /\n"), /\/proc\/1\/mountinfo: expected/);
});

Deno.test("columns that older kernels lack are left out", async () => {
  const old = {
    ...HOST_FILES,
    "/proc/diskstats": " 8 0 sda 1 2 3 4 5 6 7 8 9 10 11\n",
    "/proc/stat": "cpu0 1 2 3 4\n",
  };
  const lines = await collect(fixtureHost(old));
  assert(lines.includes('node_disk_io_time_weighted_seconds_total{device="sda"} 0.011'));
  assert(!lines.some((line) => line.startsWith("node_disk_discards")));
  assert(lines.includes('node_cpu_seconds_total{cpu="0",mode="steal"} 0'));
});

Deno.test("IPv6 counters are split at the 6", () => {
  deepStrictEqual([...parseSnmp6("Ip6InOctets 1\nIcmp6OutType133 2\nnonsense 3\n")], [
    ["Ip6_InOctets", 1],
    ["Icmp6_OutType133", 2],
  ]);
});

Deno.test("help and label values are escaped as the text format asks", () => {
  const families = new Families();
  families.gauge("a", "two\nlines \\ here", 1, { path: 'C:\\x "y"\nz' });
  strictEqual(
    new TextDecoder().decode(families.text()),
    '# HELP a two\\nlines \\\\ here\n# TYPE a gauge\na{path="C:\\\\x \\"y\\"\\nz"} 1\n',
  );
});
