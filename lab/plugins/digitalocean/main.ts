/** `pulumi-resource-digitalocean`, a stand-in for the official plugin where that can't be had. */
import { serve } from "../provider/serve.ts";
import { digitalocean } from "./digitalocean.ts";

serve(digitalocean());
