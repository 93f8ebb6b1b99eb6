/** A machine made of texts: what the kernel of a small Linux would say. */
import type { HostPorts } from "../../lib/exporters/host/ports.ts";

export const HOST_FILES: Readonly<Record<string, string>> = {
  "/proc/stat": `cpu  300 0 100 2000 10 0 5 3 7 1
cpu0 100 0 50 1000 5 0 2 1 4 0
cpu1 200 0 50 1000 5 0 3 2 3 1
intr 246787 0 1 2
ctxt 477550
btime 1795343472
processes 7647
procs_running 3
procs_blocked 1
softirq 162078 0 20260
`,
  "/proc/meminfo": `MemTotal:        8000000 kB
MemFree:         4000000 kB
Active(anon):         12 kB
HugePages_Total:       3
`,
  "/proc/loadavg": "0.10 0.07 0.05 1/95 7647\n",
  "/proc/diskstats": `   7       0 loop0 0 0 0 0 0 0 0 0 0 0 0
 254       0 vda 52433 6831 2927306 85588 12212 10220 3087640 8010 2 10836 94148 3956 7 529360 474 1355 74
 254       1 vda1 1 2 3 4 5 6 7 8 9 10 11
`,
  "/run/udev/data/b254:0": `S:disk/by-path/x
E:ID_MODEL=QEMU_HARDDISK
E:ID_SERIAL_SHORT=abc=1
E:ID_FS_USAGE=filesystem
E:ID_FS_TYPE=ext4
`,
  "/proc/net/dev": `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:   62912      62    0    0    0     0          0         0    62912      62    0    0    0     0       0          0
eth0:1:307114866 6793 1 2 3 4 5 6 341317 4032 7 8 9 10 11 12
`,
  "/sys/class/net/lo/statistics/rx_nohandler": "5\n",
  "/proc/1/mountinfo": `22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/vda rw,discard
28 27 8:1 / /mnt/my\\040disk ro,nosuid - xfs /dev/sdb1 rw
29 27 0:5 / /mnt/dead rw - nfs4 server:/dead rw
30 27 254:0 / / rw,relatime - ext4 /dev/vda rw
`,
  "/etc/os-release": `PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
VERSION_ID='12.5.1'
ID=debian
NAME="A \\"quoted\\" name"
# comment
`,
  "/proc/sys/kernel/ostype": "Linux\n",
  "/proc/sys/kernel/osrelease": "6.18.44\n",
  "/proc/sys/kernel/version": "#1 SMP\n",
  "/proc/sys/kernel/hostname": "vm\n",
  "/proc/sys/kernel/domainname": "(none)\n",
  "/proc/sys/fs/file-nr": "594\t0\t2466177\n",
  "/proc/net/netstat": `TcpExt: SyncookiesSent TCPTimeouts PruneCalled
TcpExt: 1 2 3
IpExt: InOctets
IpExt: 307023135
`,
  "/proc/net/snmp": "Ip: Forwarding DefaultTTL\nIp: 2 64\n",
  "/proc/net/snmp6": "Ip6InOctets                     \t128\nUdpLite6InErrors 4\n",
  "/proc/net/sockstat": "sockets: used 17\nTCP: inuse 1 orphan 0 tw 1 alloc 1 mem 112\nUDP: inuse 0 mem 0\n",
  "/proc/net/sockstat6": "TCP6: inuse 9\n",
  "/proc/vmstat": "nr_free_pages 1\npgpgin 5\npgfault 2747980\noom_kill 0\n",
  "/proc/pressure/cpu": "some avg10=3.01 avg60=2.09 avg300=1.12 total=16615888\nfull avg10=0.00 total=0\n",
  "/proc/pressure/io": "some avg10=0.04 total=6257900\nfull avg10=0.04 total=5892520\n",
  "/proc/pressure/memory": "some avg10=0 total=0\nfull avg10=0 total=1\n",
  "/proc/sys/kernel/random/entropy_avail": "256\n",
  "/proc/sys/kernel/random/poolsize": "256\n",
  "/sys/devices/system/clocksource/clocksource0/available_clocksource": "tsc kvm-clock \n",
  "/sys/devices/system/clocksource/clocksource0/current_clocksource": "tsc\n",
};

export function fixtureHost(files: Readonly<Record<string, string>> = HOST_FILES): HostPorts {
  let monotonicMs = 0;
  return {
    readText: (path) =>
      path in files ? Promise.resolve(files[path]!) : Promise.reject(new Error(`no such file: ${path}`)),
    list: (directory) => {
      const names = new Set(
        Object.keys(files).filter((path) => path.startsWith(`${directory}/`))
          .map((path) => path.slice(directory.length + 1).split("/")[0]!),
      );
      return names.size === 0
        ? Promise.reject(new Error(`no such directory: ${directory}`))
        : Promise.resolve([
          ...names,
        ].sort());
    },
    statfs: (path) =>
      path === "/mnt/dead" ? Promise.reject(new Error("stale handle")) : Promise.resolve({
        blockBytes: 4096,
        blocksCount: 100,
        blocksFree: 60,
        blocksAvailable: 50,
        filesCount: 1000,
        filesFree: 900,
      }),
    machine: "x86_64",
    timeZone: "UTC",
    nowMs: () => 1_795_344_692_429,
    monotonicMs: () => monotonicMs += 2,
  };
}
