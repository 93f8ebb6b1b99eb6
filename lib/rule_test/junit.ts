/** The verdicts as JUnit XML, as promtool writes them: a suite a file, a case a test. */

export interface JunitCase {
  readonly name: string;
  readonly failures: readonly string[];
  readonly error?: string;
}

export interface JunitSuite {
  readonly name: string;
  /** `2026-01-02T15:04:05`; "" where the file could not be read. */
  readonly timestamp: string;
  readonly cases: readonly JunitCase[];
}

export function junitXml(suites: readonly JunitSuite[]): string {
  return `<testsuites>${suites.map(suiteXml).join("")}</testsuites>`;
}

function suiteXml({ name, timestamp, cases }: JunitSuite): string {
  const failures = cases.reduce((sum, one) => sum + one.failures.length, 0);
  const errors = cases.filter(({ error }) => error !== undefined).length;
  const head =
    `name="${escapeXml(name)}" tests="${cases.length}" failures="${failures}" errors="${errors}" ` +
    `skipped="0" timestamp="${escapeXml(timestamp)}"`;
  return `<testsuite ${head}>${cases.map(caseXml).join("")}</testsuite>`;
}

function caseXml({ name, failures, error }: JunitCase): string {
  const parts = failures.map((text) => `<failure>${escapeXml(text)}</failure>`);
  if (error !== undefined) parts.push(`<error>${escapeXml(error)}</error>`);
  return `<testcase name="${escapeXml(name)}">${parts.join("")}</testcase>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '"': "&#34;",
  "'": "&#39;",
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "\t": "&#x9;",
  "\n": "&#xA;",
  "\r": "&#xD;",
};

/** As Go's encoding/xml: what XML cannot hold becomes U+FFFD. */
function escapeXml(text: string): string {
  return text.toWellFormed()
    // deno-lint-ignore no-control-regex -- control characters are what XML cannot hold
    .replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, "\ufffd")
    .replace(/["'&<>\t\n\r]/g, (char) => ENTITIES[char]!);
}
