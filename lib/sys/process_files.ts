/** The process's own figures from /proc, and those of the JavaScript engine. Undefined off Linux. */
import { type ProcessFacts, processFacts } from "../client/process.ts";

export async function readProcessFacts(): Promise<ProcessFacts | undefined> {
  if (Deno.build.os !== "linux") return undefined;
  const [selfStat, selfLimits, stat, openFds] = await Promise.all([
    readOptional("/proc/self/stat"),
    readOptional("/proc/self/limits"),
    readOptional("/proc/stat"),
    countEntries("/proc/self/fd"),
  ]);
  const memory = Deno.memoryUsage();
  return processFacts({ selfStat, selfLimits, stat, openFds }, {
    heapUsedBytes: memory.heapUsed,
    heapTotalBytes: memory.heapTotal,
    externalBytes: memory.external,
  });
}

async function readOptional(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied) {
      return undefined;
    }
    throw error;
  }
}

async function countEntries(path: string): Promise<number | undefined> {
  let count = 0;
  try {
    for await (const _ of Deno.readDir(path)) count++;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied) {
      return undefined;
    }
    throw error;
  }
  return count;
}
