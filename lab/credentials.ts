/** API token of the emulated DigitalOcean account, with every scope and no end. It opens nothing but the lab. */
export const digitaloceanToken = "slipway-lab-token-not-a-secret";
