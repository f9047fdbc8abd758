import type { FastifyInstance } from "fastify";
import { GitHubError, notFound } from "./errors.ts";
import type { Context } from "./server.ts";
import { nodeId, type User } from "./state.ts";

/** A user as other objects show it ("Simple User"). */
export function userJson({ url, api }: Pick<Context, "url" | "api">, user: User) {
  const self = `${api}/users/${encodeURIComponent(user.login)}`;
  return {
    login: user.login,
    id: user.id,
    node_id: nodeId("User", user.id),
    avatar_url: `${url}/avatars/u/${user.id}`,
    gravatar_id: "",
    url: self,
    html_url: `${url}/${user.login}`,
    followers_url: `${self}/followers`,
    following_url: `${self}/following{/other_user}`,
    gists_url: `${self}/gists{/gist_id}`,
    starred_url: `${self}/starred{/owner}{/repo}`,
    subscriptions_url: `${self}/subscriptions`,
    organizations_url: `${self}/orgs`,
    repos_url: `${self}/repos`,
    events_url: `${self}/events{/privacy}`,
    received_events_url: `${self}/received_events`,
    type: user.type,
    site_admin: false,
  };
}

export function userRoutes(app: FastifyInstance, context: Context): void {
  const { state } = context;
  const full = (user: User) => ({
    ...userJson(context, user),
    name: user.name,
    company: null,
    blog: "",
    location: null,
    email: user.email,
    hireable: null,
    bio: null,
    public_repos: state.data.repositories.filter((one) => one.owner === user.login && !one.private).length,
    public_gists: 0,
    followers: 0,
    following: 0,
    created_at: "2026-01-01T00:00:00Z",
    updated_at: "2026-01-01T00:00:00Z",
  });
  app.get("/user", async ({ actor }) => {
    if (!actor) throw new GitHubError(401, "Requires authentication");
    if (actor.token.kind === "installation")
      throw new GitHubError(403, "Resource not accessible by integration");
    return {
      ...full(actor.user),
      private_gists: 0,
      total_private_repos: state.data.repositories.filter(
        (one) => one.owner === actor.user.login && one.private,
      ).length,
      owned_private_repos: 0,
      disk_usage: 0,
      collaborators: 0,
      two_factor_authentication: true,
    };
  });
  app.get<{ Params: { login: string } }>("/users/:login", async ({ params }) => {
    const user = state.user(params.login);
    if (!user) throw notFound();
    return full(user);
  });
  // The provider's getUser asks for both; nobody here has any.
  for (const keys of ["keys", "gpg_keys"])
    app.get<{ Params: { login: string } }>(`/users/:login/${keys}`, async ({ params }) => {
      if (!state.user(params.login)) throw notFound();
      return [];
    });
  app.get<{ Params: { login: string } }>("/orgs/:login", async ({ params }) => {
    const user = state.user(params.login);
    if (user?.type !== "Organization") throw notFound();
    const self = `${context.api}/orgs/${user.login}`;
    return {
      ...full(user),
      company: "",
      location: "",
      url: self,
      hooks_url: `${self}/hooks`,
      issues_url: `${self}/issues`,
      members_url: `${self}/members{/member}`,
      public_members_url: `${self}/public_members{/member}`,
      description: null,
      has_organization_projects: false,
      has_repository_projects: true,
      archived_at: null,
    };
  });
  app.get("/meta", async () => ({ verifiable_password_authentication: false, installed_version: "3.19.0" }));
}
