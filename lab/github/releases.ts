import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { notFound, unprocessable, validationFailed } from "./errors.ts";
import { zeros } from "./git.ts";
import { loginJson } from "./issueRecords.ts";
import { tellPush } from "./newCommit.ts";
import { page } from "./pagination.ts";
import { apiOf, htmlOf, numberIn, originOf, readBody } from "./requests.ts";
import type { Context } from "./server.ts";
import { nodeId, type Repository, type State } from "./state.ts";
import { may } from "./tokens.ts";

/** A release. A draft has no tag in git yet. */
export interface Release {
  id: number;
  repository: number;
  tag: string;
  /** Branch or commit that the tag is made at, where there is no such tag. */
  target: string;
  name: string | null;
  body: string | null;
  draft: boolean;
  prerelease: boolean;
  author: string;
  createdAt: string;
  updatedAt: string;
  publishedAt: string | null;
}

/** Which release is the latest, where somebody or GitHub chose. */
interface Latest {
  repository: number;
  release: number;
}

const releasesOf = (state: State, repository: Repository) =>
  state.list<Release>("releases").filter((one) => one.repository === repository.id);

/** A release as the API and events show it. */
export function releaseJson(context: Context, repository: Repository, release: Release) {
  const { id, tag, draft, publishedAt } = release;
  const api = apiOf(context, repository);
  const html = htmlOf(context, repository);
  const url = `${api}/releases/${id}`;
  return {
    url,
    assets_url: `${url}/assets`,
    upload_url: `${context.url}/api/uploads/repos/${repository.owner}/${repository.name}/releases/${id}/assets{?name,label}`,
    html_url: `${html}/releases/tag/${draft ? `untagged-${id.toString(16).padStart(20, "0")}` : tag}`,
    id,
    author: loginJson(context, release.author),
    node_id: nodeId("Release", id),
    tag_name: tag,
    target_commitish: release.target,
    name: release.name,
    draft,
    prerelease: release.prerelease,
    immutable: false,
    created_at: release.createdAt,
    updated_at: release.updatedAt,
    published_at: publishedAt,
    assets: [],
    tarball_url: draft ? null : `${api}/tarball/${tag}`,
    zipball_url: draft ? null : `${api}/zipball/${tag}`,
    body: release.body,
  };
}

/** The tag's commit; makes the tag where there is none, which GitHub does when a release is published. */
async function knowTag(
  context: Context,
  request: FastifyRequest,
  repository: Repository,
  { tag, target }: Release,
): Promise<string> {
  const { git } = context;
  const ref = `refs/tags/${tag}`;
  const known = await git.commitOf(repository, ref);
  if (known) return known;
  const sha = await git.commitOf(repository, target);
  if (!sha) throw validationFailed({ resource: "Release", code: "invalid", field: "target_commitish" });
  await git.moveRef(repository, ref, zeros, sha);
  await tellPush(context, repository, ref, zeros, sha, request.actor);
  return sha;
}

const releaseSchema = z.object({
  tag_name: z.string(),
  target_commitish: z.string().optional(),
  name: z.string().nullish(),
  body: z.string().nullish(),
  draft: z.boolean().optional(),
  prerelease: z.boolean().optional(),
  make_latest: z.enum(["true", "false", "legacy"]).default("true"),
  generate_release_notes: z.boolean().default(false),
});

/** What git takes as the name of a tag (git-check-ref-format). */
const tagPattern = /^(?![-/.])(?!.*(?:\.\.|@\{|\/\/|\.lock$|[/.]$))[^\s~^:?*[\\\x7f]+$/;

interface ReleaseParams {
  Params: { owner: string; repo: string; id: string; "*": string };
}

/** Releases of a repository. */
export function releaseRoutes(app: FastifyInstance, context: Context): void {
  const { state } = context;
  const base = "/repos/:owner/:repo/releases";
  const show = (repository: Repository, release: Release) => releaseJson(context, repository, release);

  const checkTag = (repository: Repository, tag: string, self?: Release) => {
    if (!tag) throw validationFailed({ resource: "Release", code: "missing_field", field: "tag_name" });
    if (!tagPattern.test(tag))
      throw validationFailed({
        resource: "Release",
        code: "custom",
        field: "tag_name",
        message: "tag_name is not a valid tag",
      });
    const other = releasesOf(state, repository).find((one) => one.tag === tag && !one.draft);
    if (other && other !== self)
      throw validationFailed({ resource: "Release", code: "already_exists", field: "tag_name" });
  };
  const mustFind = (request: FastifyRequest<ReleaseParams>, level: "read" | "write") => {
    const repository = context.allowed(request, "contents", level);
    const id = numberIn(request.params.id);
    const release = releasesOf(state, repository).find((one) => one.id === id);
    if (!release || (release.draft && !seesDrafts(request, repository))) throw notFound();
    return { repository, release };
  };
  const seesDrafts = (request: FastifyRequest, repository: Repository) =>
    may(request.actor, repository, state, "contents", "write");
  const latestOf = (repository: Repository) => {
    const candidates = releasesOf(state, repository).filter((one) => !one.draft && !one.prerelease);
    const chosen = state.list<Latest>("latestReleases").find((one) => one.repository === repository.id);
    return candidates.find((one) => one.id === chosen?.release) ?? candidates.at(-1);
  };
  const makeLatest = (repository: Repository, release: Release) => {
    const list = state.list<Latest>("latestReleases");
    const chosen = list.find((one) => one.repository === repository.id);
    if (chosen) chosen.release = release.id;
    else list.push({ repository: repository.id, release: release.id });
  };
  const tell = async (
    request: FastifyRequest,
    repository: Repository,
    release: Release,
    sha: string,
    actions: string[],
  ) => {
    for (const action of actions)
      context.events.tell({
        ...originOf(request),
        name: "release",
        action,
        repository,
        ref: `refs/tags/${release.tag}`,
        sha,
        payload: { action, release: show(repository, release) },
      });
  };

  /** Publishes it, and tells what GitHub tells: `published` always, the rest by what it was before. */
  const publish = async (
    request: FastifyRequest,
    repository: Repository,
    release: Release,
    latest: string,
    wasDraft: boolean,
  ) => {
    const sha = await knowTag(context, request, repository, release);
    release.draft = false;
    release.publishedAt = state.timestamp();
    if (!release.prerelease && latest !== "false") makeLatest(repository, release);
    state.save();
    // `prereleased` is not raised for one that was a draft before (docs.github.com, "release" event).
    const kind = release.prerelease ? (wasDraft ? [] : ["prereleased"]) : ["released"];
    await tell(request, repository, release, sha, [...(wasDraft ? [] : ["created"]), "published", ...kind]);
  };

  app.get(base, async (request, reply) => {
    const repository = context.allowed(request, "contents", "read");
    const drafts = seesDrafts(request, repository);
    const found = releasesOf(state, repository).filter((one) => drafts || !one.draft);
    return page(request, reply, context.url, found.reverse()).map((one) => show(repository, one));
  });

  app.post(base, async (request, reply) => {
    const repository = context.allowed(request, "contents", "write");
    const given = readBody(releaseSchema, request);
    checkTag(repository, given.tag_name);
    if (given.draft !== true && !(await context.git.commitOf(repository, repository.defaultBranch)))
      throw unprocessable("Repository is empty.");
    const now = state.timestamp();
    const release: Release = {
      id: state.nextId(),
      repository: repository.id,
      tag: given.tag_name,
      target: given.target_commitish ?? repository.defaultBranch,
      name: given.name ?? null,
      body: given.body ?? (given.generate_release_notes ? `What's changed in ${given.tag_name}` : null),
      draft: true,
      prerelease: given.prerelease ?? false,
      author: originOf(request).actor,
      createdAt: now,
      updatedAt: now,
      publishedAt: null,
    };
    // Published before it is kept, so that a wrong target leaves nothing behind.
    if (given.draft !== true) await publish(request, repository, release, given.make_latest, false);
    state.list<Release>("releases").push(release);
    state.save();
    const shown = show(repository, release);
    return reply.code(201).header("location", shown.url).send(shown);
  });

  app.get(`${base}/latest`, async (request) => {
    const repository = context.allowed(request, "contents", "read");
    const latest = latestOf(repository);
    if (!latest) throw notFound();
    return show(repository, latest);
  });

  app.get<ReleaseParams>(`${base}/tags/*`, async (request) => {
    const repository = context.allowed(request, "contents", "read");
    const tag = decodeURIComponent(request.params["*"]);
    const release = releasesOf(state, repository).find((one) => one.tag === tag && !one.draft);
    if (!release) throw notFound();
    return show(repository, release);
  });

  app.get<ReleaseParams>(`${base}/:id`, async (request) => {
    const { repository, release } = mustFind(request, "read");
    return show(repository, release);
  });

  app.get<ReleaseParams>(`${base}/:id/assets`, async (request) => {
    mustFind(request, "read");
    return [];
  });

  app.patch<ReleaseParams>(`${base}/:id`, async (request) => {
    const { repository, release } = mustFind(request, "write");
    const given = readBody(releaseSchema.partial(), request);
    if (given.tag_name !== undefined) checkTag(repository, given.tag_name, release);
    const { draft: wasDraft, prerelease: wasPrerelease } = release;
    Object.assign(release, {
      tag: given.tag_name ?? release.tag,
      target: given.target_commitish ?? release.target,
      name: given.name === undefined ? release.name : given.name,
      body: given.body === undefined ? release.body : given.body,
      prerelease: given.prerelease ?? release.prerelease,
      updatedAt: state.timestamp(),
    });
    if (wasDraft && given.draft === false) {
      checkTag(repository, release.tag, release);
      await publish(request, repository, release, given.make_latest ?? "true", true);
    } else if (!wasDraft) {
      // Back to a draft takes it out of sight; the tag stays.
      release.draft = given.draft ?? false;
      if (given.make_latest === "true" && !release.prerelease) makeLatest(repository, release);
      const sha = await knowTag(context, request, repository, release);
      const released = wasPrerelease && !release.prerelease ? ["released"] : [];
      if (!release.draft) await tell(request, repository, release, sha, ["edited", ...released]);
    }
    state.save();
    return show(repository, release);
  });

  app.delete<ReleaseParams>(`${base}/:id`, async (request, reply) => {
    const { repository, release } = mustFind(request, "write");
    const releases = state.list<Release>("releases");
    releases.splice(releases.indexOf(release), 1);
    state.save();
    if (!release.draft) {
      const sha = await knowTag(context, request, repository, release);
      await tell(request, repository, release, sha, ["deleted"]);
    }
    return reply.code(204).send();
  });
}
