/**
 * Property tests draw the same cases in every run, so that a change is blamed for what it did and nothing else.
 * `NARTHEX_SEED=random` lets them roam, `NARTHEX_SEED=N` repeats what a roaming run found.
 */
import fc from "fast-check";

const asked = Deno.env.get("NARTHEX_SEED") ?? "1";
if (asked !== "random") fc.configureGlobal({ seed: Number(asked) });
