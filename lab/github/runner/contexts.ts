import type { GitHubEvent } from "../events.ts";
import { repositoryJson } from "../repositories.ts";
import type { Run } from "../runs.ts";
import type { Context } from "../server.ts";
import { fullName, type Repository } from "../state.ts";
import { userJson } from "../users.ts";
import { variablesFor } from "../variables.ts";
import { type Contexts, filled } from "./expressions.ts";
import { filterFor } from "./filters.ts";
import type { WorkflowFile } from "./workflowFile.ts";

/** `refs/heads/main` as `main`, `refs/pull/3/merge` as `3/merge`. */
export const shortRef = (ref: string) => ref.replace(/^refs\/(heads|tags|pull)\//, "");

/** What `github.event` holds: what is told of the event, and whatever every event has. */
export function payloadOf(context: Context, event: GitHubEvent): Record<string, unknown> {
  const sender = context.state.user(event.actor);
  return {
    ...event.payload,
    repository: repositoryJson(context, event.repository),
    ...(sender ? { sender: userJson(context, sender) } : {}),
    ...(event.action ? { action: event.action } : {}),
  };
}

/** The inputs of a dispatch as `inputs` has them: of the types that the workflow says. */
export function typedInputs(on: unknown, given: Record<string, unknown>): Record<string, unknown> {
  const trigger = filterFor(on, "workflow_dispatch") as {
    inputs?: Record<string, { type?: string } | null>;
  } | null;
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => {
      const type = trigger?.inputs?.[name]?.type;
      if (type === "boolean") return [name, String(value) === "true"];
      return [name, type === "number" ? Number(value) : value];
    }),
  );
}

/** What expressions outside of steps may speak of. */
export function contextsOf(
  context: Context,
  repository: Repository,
  { on }: Pick<WorkflowFile, "on">,
  run: Pick<Run, "payload" | "event" | "ref" | "actor" | "workflow"> & Partial<Run>,
  commit: string,
): Contexts {
  const pull = run.payload.pull_request as { head: { ref: string }; base: { ref: string } } | undefined;
  return {
    github: {
      event: run.payload,
      event_name: run.event,
      ref: run.ref,
      ref_name: shortRef(run.ref),
      ref_type: run.ref.startsWith("refs/tags/") ? "tag" : "branch",
      head_ref: pull?.head.ref ?? "",
      base_ref: pull?.base.ref ?? "",
      sha: commit,
      repository: fullName(repository),
      repository_owner: repository.owner,
      actor: run.actor,
      triggering_actor: run.triggeringActor ?? run.actor,
      workflow: run.workflow.name,
      run_id: run.id,
      run_number: run.number,
      run_attempt: run.attempt,
      server_url: context.url,
      api_url: context.api,
    },
    inputs: typedInputs(on, (run.payload.inputs ?? {}) as Record<string, unknown>),
    vars: variablesFor(context.state, repository),
  };
}

/** A run's title: what the workflow says, else what it is about, as GitHub has it. */
export function titleOf(
  workflow: WorkflowFile,
  payload: Record<string, unknown>,
  contexts: () => Contexts,
): string {
  const said = workflow["run-name"] && filled(workflow["run-name"], contexts()).trim();
  if (said) return said;
  const pull = payload.pull_request as { title?: string } | undefined;
  const commit = payload.head_commit as { message?: string } | undefined;
  const release = payload.release as { name?: string; tag_name?: string } | undefined;
  const about = pull?.title ?? commit?.message?.split("\n")[0] ?? (release?.name || release?.tag_name);
  return about ?? workflow.name;
}
