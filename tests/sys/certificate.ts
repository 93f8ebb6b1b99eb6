/** TLS in tests: a certificate made on the spot, so that none has to be kept that ends. */

/** A certificate for `scrape.test` and its key, made by openssl; undefined where there is none. */
export function certificate(): { readonly cert: string; readonly key: string } | undefined {
  try {
    const folder = Deno.makeTempDirSync();
    const args =
      `req -x509 -newkey rsa:2048 -nodes -keyout ${folder}/key.pem -out ${folder}/cert.pem -days 2 -subj /CN=scrape.test ` +
      "-addext subjectAltName=DNS:scrape.test -addext basicConstraints=critical,CA:FALSE";
    const { success } = new Deno.Command("openssl", { args: args.split(" "), stdout: "null", stderr: "null" })
      .outputSync();
    const pair = success
      ? { cert: Deno.readTextFileSync(`${folder}/cert.pem`), key: Deno.readTextFileSync(`${folder}/key.pem`) }
      : undefined;
    Deno.removeSync(folder, { recursive: true });
    return pair;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
