/** `pulumi-resource-docker`, a stand-in for the official plugin where that can't be had. */
import { serve } from "../provider/serve.ts";
import { docker } from "./docker.ts";

serve(docker());
