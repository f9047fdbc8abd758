/** API token of the emulated DigitalOcean account, with every scope and no end. It opens nothing but the lab. */
export const digitaloceanToken = "slipway-lab-token-not-a-secret";

/** User name and token of the lab's private registry. They open nothing but the lab. */
export const registryLogin = {
  username: "juggernaut",
  password: "slipway-lab-registry-token-not-a-secret",
};

/** The same for the registry: bcrypt of that token, as `htpasswd -B` makes it. */
export const registryHtpasswd = `${registryLogin.username}:$2y$04$slipwaylabslipwaylabseMyXgFSws.6eh6/JEsIyvpUcHWZFvMse\n`;

/** User of the lab's GitHub who owns its repositories. */
export const githubOwner = "juggernaut";
/** That user's classic token, with the scopes `repo` and `workflow`. It opens nothing but the lab. */
export const githubOwnerToken = "slipway-lab-github-token-not-a-secret";
/** A fine-grained token that may start workflows in the config repository. It opens nothing but the lab. */
export const githubDispatchToken = "slipway-lab-dispatch-token-not-a-secret";
