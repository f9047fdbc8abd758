// Command pulumi-resource-github is the GitHub provider: the Terraform provider's code, bridged to Pulumi
// under the names that @pulumi/github has.
package main

import (
	"github.com/integrations/terraform-provider-github/v6/github"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/tokens"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
)

// version is that of the npm package @pulumi/github, set by the linker.
var version = "0.0.0"

func main() {
	info := tfbridge.ProviderInfo{
		P:       shim.NewProvider(github.NewProvider(version, "")()),
		Name:    "github",
		Version: version,
	}
	info.MustComputeTokens(tokens.SingleModule("github_", "index", tokens.MakeStandard("github")))
	tfbridge.Main("github", version, info, []byte("{}"))
}
