/** Reads request bodies, never more of one than its limit. */

/** Undefined when the body is larger. */
export async function readBody(
  request: Request,
  bytesMax: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const announced = Number(request.headers.get("Content-Length") ?? "");
  if (announced > bytesMax) return undefined;
  if (request.body === null) return new Uint8Array(0);
  // With a length that the server has checked against the body, one read into one buffer is the fastest.
  if (announced > 0) {
    const bytes = new Uint8Array(await request.arrayBuffer());
    return bytes.length > bytesMax ? undefined : bytes;
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body) {
    length += chunk.length;
    if (length > bytesMax) return undefined; // leaving the loop cancels the stream
    chunks.push(chunk);
  }
  if (chunks.length === 1) return new Uint8Array(chunks[0]!);
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
