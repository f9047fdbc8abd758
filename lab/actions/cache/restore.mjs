import { appendFileSync } from "node:fs";
import { paths, restore } from "./store.mjs";

const { INPUT_KEY: key, INPUT_PATH: input } = process.env;
const hit = restore(key, paths(input));
appendFileSync(process.env.GITHUB_OUTPUT, `cache-hit=${hit}\n`);
appendFileSync(process.env.GITHUB_STATE, `hit=${hit}\n`);
console.log(hit ? `Found ${key}` : `There is no ${key} yet`);
