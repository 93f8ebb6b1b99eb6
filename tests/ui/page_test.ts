import assert, { deepStrictEqual, strictEqual } from "node:assert/strict";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { type PageServer, startPageServer } from "./page_server.ts";

const CHROMIUM_PATHS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const executablePath = CHROMIUM_PATHS.find(exists);
const required = Deno.env.get("NARTHEX_REQUIRE_PEERS") === "1";

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

interface Visit {
  readonly page: Page;
  readonly server: PageServer;
  /** What the browser complained about. */
  readonly complaints: string[];
}

/** A new browser with an empty profile for each test, beside its own server. */
function browserTest(name: string, prefix: string, run: (visit: Visit) => Promise<void>): void {
  const missing = executablePath === undefined && !required;
  Deno.test({
    name: missing ? `${name} (skipped: no Chromium)` : name,
    ignore: missing,
    // The browser's driver keeps a process and sockets of its own until it is closed.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async () => {
      assert(
        executablePath !== undefined,
        `Chromium is required, none of ${CHROMIUM_PATHS.join(", ")} exists`,
      );
      const profile = await Deno.makeTempDir({ prefix: "narthex_ui_" });
      const server = startPageServer(prefix);
      let context: BrowserContext | undefined;
      try {
        context = await chromium.launchPersistentContext(profile, {
          executablePath,
          args: FLAGS,
          headless: true,
          viewport: { width: 1200, height: 800 },
          colorScheme: "light",
        });
        const page = context.pages()[0] ?? await context.newPage();
        page.setDefaultTimeout(15_000);
        const complaints: string[] = [];
        page.on("pageerror", (error) => complaints.push(String(error)));
        page.on("console", (message) => {
          // A refused query answers 400, which the browser reports by itself.
          const expected = message.text().includes("status of 400");
          if (message.type() === "error" && !expected) complaints.push(message.text());
        });
        await run({ page, server, complaints });
        deepStrictEqual(complaints, []);
      } finally {
        await context?.close();
        await server.close();
        await Deno.remove(profile, { recursive: true });
      }
    },
  });
}

/** How many pixels of the graph's canvas are painted. */
function paintedPixels(page: Page): Promise<number> {
  return page.evaluate(() => {
    const canvas = document.querySelector("canvas")!;
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
    let painted = 0;
    for (let i = 3; i < data.length; i += 4) if (data[i] !== 0) painted++;
    return painted;
  });
}

browserTest("a first visit shows a live graph of the CPU at once", "", async ({ page, server }) => {
  await page.goto(`${server.url}/`);
  await page.locator(".u-over").waitFor();
  assert(await paintedPixels(page) > 2_000);
  assert(server.queries[0]?.includes("node_cpu_seconds_total"));
  strictEqual(await page.locator(".legend li").count(), 2);
  strictEqual(await page.title(), "Narthex");

  await page.locator(".u-over").hover();
  const tooltip = page.locator(".tooltip");
  await tooltip.waitFor();
  assert(/user|system/.test(await tooltip.innerText()));

  await page.locator(".legend button").first().click();
  strictEqual(await page.locator(".legend button[aria-pressed=true]").count(), 1);
});

browserTest("Enter runs a query, the table shows it, the address keeps it", "", async ({ page, server }) => {
  await page.goto(`${server.url}/query?g0.expr=warned&g0.tab=table`);
  await page.getByText("PromQL warning: mind this").waitFor();
  await page.locator(".cm-content").click();
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type("up * 1");
  await page.keyboard.press("Enter");
  await page.locator(".results .value").getByText("0.25").waitFor();
  await page.waitForURL(/g0\.expr=up/);
  deepStrictEqual(server.queries, ["warned", "up * 1"]);

  await page.getByRole("tab", { name: "Graph" }).click();
  await page.locator(".u-over").waitFor();
  assert(await paintedPixels(page) > 2_000);
  strictEqual(new URL(page.url()).searchParams.get("g0.tab"), "graph");

  await page.goBack();
  await page.locator(".results").waitFor();
});

browserTest("a query that is refused says why", "", async ({ page, server }) => {
  await page.goto(`${server.url}/query?g0.expr=sum(((up&g0.tab=table`);
  const alert = page.getByRole("alert");
  await alert.waitFor();
  assert((await alert.innerText()).includes("1:4: parse error: unclosed left parenthesis"));
});

browserTest("the targets page tells which target is down and why", "", async ({ page, server }) => {
  await page.goto(`${server.url}/targets`);
  // As text: what a target answers is never markup.
  await page.getByText("connection refused <b>by the peer</b>").waitFor();
  assert((await page.locator(".ratio").innerText()).includes("1 of 2 up"));
  strictEqual(await page.locator(".target").count(), 2);
  await page.getByRole("button", { name: "down", exact: true }).click();
  strictEqual(await page.locator(".target").count(), 1);
  await page.getByRole("button", { name: "Show discovered labels" }).click();
  await page.getByText("__address__").waitFor();
});

browserTest(
  "the rules page tells which rule fails and why, and leads to its graph",
  "/prom",
  async ({ page, server }) => {
    await page.goto(`${server.url}/rules`);
    await page.getByText("many-to-many matching <i>not</i> allowed").waitFor();
    strictEqual(await page.locator(".rule").count(), 3);
    assert((await page.locator(".ratio").last().innerText()).includes("1 of 1 rule failing"));
    await page.getByRole("button", { name: "failing", exact: true }).click();
    strictEqual(await page.locator(".rule").count(), 1);
    await page.getByRole("button", { name: "all", exact: true }).click();
    await page.getByRole("searchbox").fill("DISK_free");
    strictEqual(await page.locator(".rule").count(), 1);
    await page.getByRole("link", { name: "disk_free < 10" }).click();
    await page.locator(".u-over").waitFor();
    const { pathname, searchParams } = new URL(page.url());
    deepStrictEqual([pathname, searchParams.get("g0.expr")], ["/prom/query", "disk_free < 10"]);
    assert(server.queries.includes("disk_free < 10"));
  },
);

browserTest(
  "the alerts page tells what is on, since when and why, and what happened",
  "",
  async ({ page, server }) => {
    await page.goto(`${server.url}/alerts`);
    await page.getByText("/dev/b is <b>nearly</b> full").waitFor();
    await page.getByText("Sent to 2 Alertmanagers").waitFor();
    const states = await page.locator(".active-alerts tbody .badge").allInnerTexts();
    deepStrictEqual(states.map((text) => text.toLowerCase()), ["firing", "pending"]);
    assert((await page.locator(".active-alerts .since").first().innerText()).includes("10m ago"));
    strictEqual(await page.locator(".alert-rule").count(), 2);

    await page.getByRole("button", { name: "Show history" }).click();
    await page.locator(".track .span.firing").waitFor();
    strictEqual(await page.locator(".track .span").count(), 2);
    await page.getByText("it matched for as long as 'for' says").waitFor();

    await page.getByRole("button", { name: "inactive 1" }).click();
    strictEqual(await page.locator(".rule-name").innerText(), "AllQuiet");
    await page.getByRole("button", { name: "all", exact: true }).click();
    await page.getByRole("searchbox").fill("disk=/dev/b");
    strictEqual(await page.locator(".rule-name").innerText(), "DiskFull");
  },
);

browserTest("the status pages work under a route prefix", "/prom", async ({ page, server }) => {
  await page.goto(`${server.url}/status`);
  await page.getByText("9.9.9").waitFor();
  await page.getByRole("link", { name: "Flags" }).click();
  await page.getByText("--web.enable-lifecycle").waitFor();
  strictEqual(new URL(page.url()).pathname, "/prom/flags");
  await page.getByRole("link", { name: "Configuration" }).click();
  await page.getByText("scrape_interval").waitFor();
  await page.getByRole("link", { name: "Storage" }).click();
  await page.getByText("1,234").waitFor();
  await page.getByRole("link", { name: "Query", exact: true }).click();
  await page.locator(".u-over").waitFor();
});

browserTest("the theme follows the system, or the reader", "", async ({ page, server }) => {
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.goto(`${server.url}/targets`);
  const light = await paper();
  await page.emulateMedia({ colorScheme: "dark" });
  await page.locator("html[data-theme=dark]").waitFor();
  const dark = await paper();
  assert(light !== dark);
  await page.getByRole("button", { name: /change to light/ }).click();
  strictEqual(await paper(), light);
  await page.reload();
  await page.locator("html[data-theme=light]").waitFor();
});
