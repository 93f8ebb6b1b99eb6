/** The configuration of the simulated world as a model, and as the files that the server reads. */

export interface ModelJob {
  readonly name: string;
  intervalMs: number;
  timeoutMs: number;
  readonly discovery: "static" | "file";
  targetLimit: number;
  sampleLimit: number;
  readonly instances: Set<string>;
}

export const CONFIG_PATH = "/etc/prometheus.yml";

export class ModelConfig {
  readonly jobs = new Map<string, ModelJob>();
  readonly files: Record<string, string> = {};
  broken = false;

  /** Brings the files to what the model says. */
  write(): void {
    const jobs = [...this.jobs.values()].map((job) => jobText(job)).join("");
    this.files[CONFIG_PATH] = `scrape_configs:\n${jobs}${this.broken ? "  - job_name: [\n" : ""}`;
    this.writeTargets();
  }

  writeTargets(): void {
    for (const job of this.jobs.values()) {
      if (job.discovery === "file") {
        this.files[`/etc/sd/${job.name}.json`] = JSON.stringify([{ targets: [...job.instances] }]);
      }
    }
  }

  /** What is in force once this is loaded. */
  snapshot(): readonly ModelJob[] {
    return [...this.jobs.values()].map((job) => ({ ...job, instances: new Set(job.instances) }));
  }
}

function jobText(job: ModelJob): string {
  const lines = [
    `  - job_name: ${job.name}`,
    `    scrape_interval: ${job.intervalMs}ms`,
    `    scrape_timeout: ${job.timeoutMs}ms`,
    `    metrics_path: /metrics/${job.name}`,
    `    target_limit: ${job.targetLimit}`,
    `    sample_limit: ${job.sampleLimit}`,
  ];
  if (job.discovery === "file") {
    lines.push("    file_sd_configs:", `      - files: [/etc/sd/${job.name}.json]`);
  } else lines.push("    static_configs:", `      - targets: [${[...job.instances].join(", ")}]`);
  return lines.join("\n") + "\n";
}
