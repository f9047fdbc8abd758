import { paths, save } from "./store.mjs";

const { INPUT_KEY: key, INPUT_PATH: input, STATE_hit: hit } = process.env;
if (hit !== "true") console.log(save(key, paths(input)) ? `Kept ${key}` : `${key} is kept already`);
