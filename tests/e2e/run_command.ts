/** A command of Narthex as a process, to its end. */

const ROOT = new URL("../..", import.meta.url).pathname;

export async function runNarthex(
  args: readonly string[],
  stdin?: string,
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", `--config=${ROOT}deno.json`, `${ROOT}main.ts`, ...args],
    stdin: stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (stdin !== undefined) {
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(stdin));
    await writer.close();
  }
  const { code, stdout, stderr } = await child.output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}
