import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import path from "node:path";
import { logsDir, recordsDir } from "./paths.ts";

/** What to run in the background. */
export interface ProcessSpec {
  /** Unique in the lab; names the record and the log. */
  name: string;
  /** Executable, looked up on PATH. */
  command: string;
  args: string[];
  /** The whole environment of the process; default: this process's own. */
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** How long it may take to end after SIGTERM, in seconds; default 10. */
  stopSeconds?: number;
}

/** What is written down of a running process, so that any later command finds and stops it. */
export interface ProcessRecord {
  name: string;
  pid: number;
  /** Start time in clock ticks since boot: with the pid, it names one process and no later one. */
  startTicks: string;
  /** Milliseconds since the epoch; processes are stopped newest first. */
  startedAt: number;
  command: string;
  stopSeconds: number;
}

const recordFile = (name: string) => path.join(recordsDir, `${name}.json`);
/** The log of a process of the lab. */
export const logFile = (name: string) => path.join(logsDir, `${name}.log`);

/** Field 22 of `/proc/PID/stat` (man 5 proc), or undefined where there is no live process of that id. */
function startTicksOf(pid: number): string | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

const alive = (record: ProcessRecord) => startTicksOf(record.pid) === record.startTicks;

function readRecord(name: string): ProcessRecord | undefined {
  try {
    return JSON.parse(readFileSync(recordFile(name), "utf8")) as ProcessRecord;
  } catch {
    return undefined;
  }
}

/** Every process that the lab has on record, in the order of their start, with whether it still runs. */
export function listProcesses(): (ProcessRecord & { running: boolean })[] {
  let files: string[];
  try {
    files = readdirSync(recordsDir);
  } catch {
    return [];
  }
  return files
    .filter((file) => file.endsWith(".json"))
    .map((file) => readRecord(path.basename(file, ".json")))
    .filter((record) => record !== undefined)
    .sort((a, b) => a.startedAt - b.startedAt)
    .map((record) => ({ ...record, running: alive(record) }));
}

/** Whether the process of that name runs. */
export function isRunning(name: string): boolean {
  const record = readRecord(name);
  return record !== undefined && alive(record);
}

/**
 * Starts a process that outlives this one, its output going to `logFile(name)`, and writes its record.
 * One that already runs under that name is left alone. Fails if the command can't be started.
 */
export async function startProcess(spec: ProcessSpec): Promise<void> {
  if (isRunning(spec.name)) return;
  mkdirSync(recordsDir, { recursive: true });
  mkdirSync(logsDir, { recursive: true });
  const log = openSync(logFile(spec.name), "a");
  const child = spawn(spec.command, spec.args, {
    cwd: spec.cwd,
    env: spec.env,
    detached: true,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (error) => reject(new Error(`can't start ${spec.name}: ${error.message}`)));
  });
  child.unref();
  const pid = child.pid as number;
  const record: ProcessRecord = {
    name: spec.name,
    pid,
    startTicks: startTicksOf(pid) ?? "ended",
    startedAt: Date.now(),
    command: [spec.command, ...spec.args].join(" "),
    stopSeconds: spec.stopSeconds ?? 10,
  };
  writeFileSync(recordFile(spec.name), JSON.stringify(record));
}

/** Ends the process of that name, by SIGTERM and then SIGKILL, and forgets its record. */
export async function stopProcess(name: string): Promise<void> {
  const record = readRecord(name);
  if (!record) return;
  if (alive(record)) {
    process.kill(record.pid, "SIGTERM");
    const deadline = Date.now() + record.stopSeconds * 1000;
    while (alive(record) && Date.now() < deadline) await sleep(20);
    if (alive(record)) process.kill(record.pid, "SIGKILL");
    while (alive(record)) await sleep(20);
  }
  rmSync(recordFile(name), { force: true });
}

/** The last lines of a process's log, for an error message. */
export function logTail(name: string, lines = 15): string {
  try {
    return readFileSync(logFile(name), "utf8").trimEnd().split("\n").slice(-lines).join("\n");
  } catch {
    return "(no log)";
  }
}

/**
 * Waits until `probe` answers true, asking every 50 ms. Fails after `seconds`, or at once if the named
 * process ends, with the end of its log.
 */
export async function waitFor(name: string, seconds: number, probe: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await probe().catch(() => false))) {
    if (!isRunning(name))
      throw new Error(`${name} ended early; its log (${logFile(name)}) ends with:\n${logTail(name)}`);
    if (Date.now() > deadline)
      throw new Error(
        `${name} was not ready after ${seconds} s; its log (${logFile(name)}) ends with:\n${logTail(name)}`,
      );
    await sleep(50);
  }
}
