/**
 * The other side of the crash test: targets whose every sample says when it was served, and a remote-write sender
 * that remembers what was confirmed.
 */
import { encodeSnappy } from "../../lib/remote/snappy_block.ts";
import {
  encodeWriteRequest,
  WRITE_REQUEST_CONTENT_TYPE,
  WRITE_REQUEST_VERSION,
} from "../../lib/remote/write_request.ts";

/** Values of one target lie together, so that a sample in the wrong series shows. */
export const TARGET_SPACING = 1e7;
/** A power of two, so that the sum is exact. */
const SERIES_SPACING = 1 / 64;

export interface Fleet {
  readonly port: number;
  readonly targets: readonly string[];
  /** By target: when its bodies were served, turn after turn from 1. */
  served(): readonly (readonly number[])[];
  /** Why a value cannot have come from this series of this target; undefined when it can. */
  alien(instance: string, series: string, value: number): string | undefined;
  [Symbol.asyncDispose](): Promise<void>;
}

export function startFleet(options: { readonly targetsCount: number; readonly seriesCount: number }): Fleet {
  const { targetsCount, seriesCount } = options;
  const served = Array.from({ length: targetsCount }, (): number[] => []);
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const target = Number(new URL(request.url).pathname.slice("/t".length));
    const turn = served[target]!.push(Date.now());
    let body = "";
    for (let series = 0; series < seriesCount; series++) {
      body += `load{series="${series}"} ${valueOf(target, series, turn)}\n`;
    }
    return new Response(body, { headers: { "content-type": "text/plain; version=0.0.4" } });
  });
  return {
    port: server.addr.port,
    served: () => served,
    targets: served.map((_, target) => `t${target}`),
    alien(instance, series, value) {
      const target = Number(instance.slice(1));
      const turn = value - valueOf(target, Number(series), 0);
      if (Number.isInteger(turn) && turn >= 1 && turn <= served[target]!.length) return undefined;
      return `${value} was never served as series ${series} of ${instance}, which was asked ${
        served[target]!.length
      } times`;
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function valueOf(target: number, series: number, turn: number): number {
  return target * TARGET_SPACING + turn + series * SERIES_SPACING;
}

export interface Confirmed {
  readonly labels: Readonly<Record<string, string>>;
  readonly tMs: number;
  readonly value: number;
}

export interface Writing {
  readonly confirmed: readonly Confirmed[];
  /** What ended it, where that was not the kill. */
  readonly refusal?: string;
}

const WRITERS_SERIES = 8;

/** Sends one request after the other until `signal`, each with a sample of some series; until it is refused or the server dies. */
export async function writeUntil(
  options: { readonly url: string; readonly firstValue: number; readonly signal: AbortSignal },
): Promise<Writing> {
  const confirmed: Confirmed[] = [];
  for (let value = options.firstValue; !options.signal.aborted; value++) {
    const tMs = Date.now();
    const sent = Array.from({ length: WRITERS_SERIES }, (_, series) => ({
      labels: { __name__: "written", instance: `w${series % 3}`, job: "written", series: String(series) },
      tMs,
      value: value + series / WRITERS_SERIES,
    }));
    const body = encodeSnappy(encodeWriteRequest(sent.map((sample) => ({
      labels: Object.entries(sample.labels).flat(),
      tMs: Float64Array.of(sample.tMs),
      values: Float64Array.of(sample.value),
    }))));
    try {
      const response = await fetch(`${options.url}/api/v1/write`, {
        method: "POST",
        body,
        headers: {
          "content-encoding": "snappy",
          "content-type": WRITE_REQUEST_CONTENT_TYPE,
          "x-prometheus-remote-write-version": WRITE_REQUEST_VERSION,
        },
      });
      const text = await response.text();
      if (response.status === 204 || response.status === 200) confirmed.push(...sent);
      else if (!text.includes("duplicate")) return { confirmed, refusal: `${response.status} ${text}` };
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      return { confirmed }; // the server was killed under the request, which counts for nothing
    }
  }
  return { confirmed };
}
