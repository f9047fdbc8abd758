import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { sync as writeFileAtomic } from "write-file-atomic";
import type { Job, Review, Run } from "./runs.ts";

/** Who acts on GitHub. */
export interface User {
  id: number;
  login: string;
  type: "User" | "Bot" | "Organization";
  name: string;
  email: string;
}

/** A repository, without what git holds of it. */
export interface Repository {
  id: number;
  /** Login of its owner. */
  owner: string;
  name: string;
  private: boolean;
  description: string | null;
  defaultBranch: string;
  /** Id of the repository that this one is a fork of. */
  parent?: number;
  archived: boolean;
  /** Sorted; default: none. */
  topics?: string[];
  vulnerabilityAlerts?: boolean;
  /** What `PATCH` sets and `GET` shows: merge methods, issues, ... under GitHub's own names. */
  settings: Record<string, unknown>;
  createdAt: string;
  updatedAt: string;
  pushedAt: string | null;
}

/** Access to a repository, as GitHub names it for fine-grained tokens: `contents`, `actions`, `workflows`, ... */
export type Permissions = Record<string, "read" | "write" | "admin">;

/** What a client shows to act as somebody. */
export interface Token {
  token: string;
  /** Login of who it acts as. */
  user: string;
  kind: "classic" | "fine-grained" | "installation";
  /** A classic token's. */
  scopes?: string[];
  /** The others': `owner/name` of the repositories that it is for (`owner/*`: all), and what it may do there. */
  repositories?: string[];
  permissions?: Permissions;
  /** ISO 8601; default: without an end. */
  expiresAt?: string;
}

/** Everything but what git holds. Each subject has a list of its own in `lists`. */
interface Data {
  lastId: number;
  users: User[];
  repositories: Repository[];
  tokens: Token[];
  /** Last number of an issue or pull request, by repository. */
  numbers: Record<number, number>;
  runs: Run[];
  jobs: Job[];
  reviews: Review[];
  lists: Record<string, unknown[]>;
}

/** The emulator's memory. Kept in one file, if it has a folder. */
export class State {
  readonly data: Data = {
    lastId: 1000,
    users: [],
    repositories: [],
    tokens: [],
    numbers: {},
    runs: [],
    jobs: [],
    reviews: [],
    lists: {},
  };
  private readonly file: string | undefined;
  private saving: NodeJS.Timeout | undefined;

  /**
   * @param folder where the memory outlives the process; default: nowhere. Fails if the file there is not
   * the emulator's.
   */
  constructor(folder?: string) {
    if (!folder) return;
    mkdirSync(folder, { recursive: true });
    this.file = path.join(folder, "state.json");
    try {
      Object.assign(this.data, JSON.parse(readFileSync(this.file, "utf8")));
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== "ENOENT")
        throw new Error(
          `${this.file} is not the memory of the lab's GitHub (${message}); delete ${folder} to start anew`,
        );
    }
  }

  /** A number that nothing else has. */
  nextId(): number {
    return ++this.data.lastId;
  }

  /** The next number of an issue or pull request in a repository. */
  nextNumber(repository: Repository): number {
    const number = (this.data.numbers[repository.id] ?? 0) + 1;
    this.data.numbers[repository.id] = number;
    return number;
  }

  /** Now, as the API writes it. */
  timestamp(): string {
    return new Date().toISOString().replace(/\.\d+Z$/, "Z");
  }

  get runs(): Run[] {
    return this.data.runs;
  }
  get jobs(): Job[] {
    return this.data.jobs;
  }
  get reviews(): Review[] {
    return this.data.reviews;
  }

  /** A subject's own list, such as `pulls`; empty at first. */
  list<T>(name: string): T[] {
    return (this.data.lists[name] ??= []) as T[];
  }

  user(login: string): User | undefined {
    return this.data.users.find((user) => user.login.toLowerCase() === login.toLowerCase());
  }

  repository(owner: string, name: string): Repository | undefined {
    const wanted = `${owner}/${name.replace(/\.git$/, "")}`.toLowerCase();
    return this.data.repositories.find((one) => fullName(one).toLowerCase() === wanted);
  }

  repositoryById(id: number): Repository | undefined {
    return this.data.repositories.find((one) => one.id === id);
  }

  /** Takes a repository away, and everything that is kept of it. */
  forget({ id }: Repository): void {
    const { data } = this;
    const isOther = (one: unknown) => (one as { repository?: unknown }).repository !== id;
    const gone = new Set(data.runs.filter((run) => !isOther(run)).map((run) => run.id));
    data.repositories = data.repositories.filter((one) => one.id !== id);
    data.runs = data.runs.filter(isOther);
    data.jobs = data.jobs.filter((job) => !gone.has(job.run));
    data.reviews = data.reviews.filter((review) => !gone.has(review.run));
    for (const list of Object.values(data.lists)) list.splice(0, list.length, ...list.filter(isOther));
    this.save();
  }

  /** Keeps what was changed, soon. */
  save(): void {
    if (!this.file) return;
    this.saving ??= setTimeout(() => this.flush(), 50);
  }

  /** Keeps what was changed, now. */
  flush(): void {
    clearTimeout(this.saving);
    this.saving = undefined;
    if (this.file) writeFileAtomic(this.file, JSON.stringify(this.data), { mode: 0o600 });
  }
}

/** `owner/name`. */
export const fullName = ({ owner, name }: Repository) => `${owner}/${name}`;

/** GitHub's opaque id of anything, made of its kind and number. */
export const nodeId = (kind: string, id: number) => Buffer.from(`${kind}:${id}`).toString("base64url");
