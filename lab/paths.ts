import envPaths from "env-paths";
import path from "node:path";

const paths = envPaths("slipway", { suffix: "" });

/** The checkout this lab was started from. */
export const checkout = path.resolve(import.meta.dirname, "..");

/**
 * Built tools, kept between runs and shared by all checkouts: one folder for each tool, named by
 * what it was built from. Default `~/.cache/slipway`; `SLIPWAY_CACHE_DIR` moves it.
 */
export const cacheDir = path.resolve(process.env.SLIPWAY_CACHE_DIR ?? paths.cache);

/**
 * Everything a running lab writes: records, logs, sockets, data. One lab on one machine, whichever
 * checkout started it. Default `~/.local/state/slipway/lab`; `SLIPWAY_LAB_DIR` moves it.
 */
export const stateDir = path.resolve(process.env.SLIPWAY_LAB_DIR ?? path.join(paths.log, "lab"));

/** One JSON record for each process that the lab runs. */
export const recordsDir = path.join(stateDir, "run");
/** One log file for each process that the lab runs. */
export const logsDir = path.join(stateDir, "logs");
/** Programs for the user's PATH, as links into the cache. */
export const binDir = path.join(stateDir, "bin");
/** `PULUMI_HOME` of the lab: plugins and credentials of its own, apart from the user's. */
export const pulumiHome = path.join(stateDir, "pulumi");
/** The lab's `file://` state backend. */
export const pulumiBackend = path.join(stateDir, "backend");
/** Repositories and memory of the emulated GitHub. */
export const githubDir = path.join(stateDir, "github");
