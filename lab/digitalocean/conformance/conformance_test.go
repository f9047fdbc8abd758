// Package conformance drives the emulated DigitalOcean API with godo, DigitalOcean's own client
// library, which their Terraform provider and doctl are made with as well.
//
// SLIPWAY_DIGITALOCEAN_URL and SLIPWAY_DIGITALOCEAN_TOKEN say where it listens. The account must be empty.
package conformance

import (
	"context"
	"errors"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/digitalocean/godo"
)

func newClient(t *testing.T, token string) *godo.Client {
	t.Helper()
	client, err := godo.New(
		&http.Client{Transport: bearer(token), Timeout: 10 * time.Second},
		godo.SetBaseURL(os.Getenv("SLIPWAY_DIGITALOCEAN_URL")),
	)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

type bearer string

func (token bearer) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Header.Set("Authorization", "Bearer "+string(token))
	return http.DefaultTransport.RoundTrip(request)
}

// must ends the test at an error or another status, and says how the rate limit was read.
func must(t *testing.T, status int, response *godo.Response, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != status {
		t.Fatalf("status %d, want %d", response.StatusCode, status)
	}
	if response.Rate.Limit != 5000 || response.Rate.Remaining < 1 || response.Rate.Reset.Before(time.Now()) {
		t.Fatalf("rate limit: %+v", response.Rate)
	}
}

// refused ends the test unless err is DigitalOcean's error of that status, with message and request id.
func refused(t *testing.T, status int, err error) {
	t.Helper()
	var answer *godo.ErrorResponse
	if !errors.As(err, &answer) {
		t.Fatalf("no error answer: %v", err)
	}
	if answer.Response.StatusCode != status || answer.Message == "" || answer.RequestID == "" {
		t.Fatalf("status %d, want %d: %v", answer.Response.StatusCode, status, answer)
	}
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not happen in 10 s", what)
		}
	}
}

func TestLifeOfACluster(t *testing.T) {
	ctx := context.Background()
	client := newClient(t, os.Getenv("SLIPWAY_DIGITALOCEAN_TOKEN"))
	api := client.Kubernetes

	options, response, err := api.GetOptions(ctx)
	must(t, 200, response, err)
	if len(options.Versions) < 2 || len(options.Regions) == 0 || len(options.Sizes) == 0 {
		t.Fatalf("options: %+v", options)
	}
	older, newer := options.Versions[1].Slug, options.Versions[0].Slug

	create := &godo.KubernetesClusterCreateRequest{
		Name:              "conformance",
		RegionSlug:        "fra1",
		VersionSlug:       older,
		Tags:              []string{"team"},
		MaintenancePolicy: &godo.KubernetesMaintenancePolicy{StartTime: "04:00", Day: godo.KubernetesMaintenanceDayAny},
		NodePools: []*godo.KubernetesNodePoolCreateRequest{{
			Name: "default", Size: "s-1vcpu-2gb", Count: 1,
			Labels: map[string]string{"a": "b"},
			Taints: []godo.Taint{{Key: "k", Value: "v", Effect: "NoSchedule"}},
		}},
	}
	created, response, err := api.Create(ctx, create)
	must(t, 201, response, err)
	if created.Status.State != godo.KubernetesClusterStatusProvisioning || created.CreatedAt.IsZero() {
		t.Fatalf("created: %+v", created)
	}
	_, _, err = api.Create(ctx, create)
	refused(t, 422, err)

	var cluster *godo.KubernetesCluster
	is := func(state godo.KubernetesClusterStatusState) func() bool {
		return func() bool {
			cluster, response, err = api.Get(ctx, created.ID)
			must(t, 200, response, err)
			return cluster.Status.State == state
		}
	}
	waitFor(t, "a running cluster", is(godo.KubernetesClusterStatusRunning))
	pool := cluster.NodePools[0]
	if cluster.Endpoint == "" || cluster.VPCUUID == "" || pool.Nodes[0].Status.State != "running" ||
		pool.Labels["a"] != "b" || pool.Taints[0] != create.NodePools[0].Taints[0] ||
		cluster.MaintenancePolicy.Duration != "4h0m0s" || !slices.Contains(cluster.Tags, "k8s:"+cluster.ID) {
		t.Fatalf("running: %+v", cluster)
	}

	clusters, response, err := api.List(ctx, &godo.ListOptions{Page: 1, PerPage: 10})
	must(t, 200, response, err)
	if len(clusters) != 1 || !response.Links.IsLastPage() || response.Meta.Total != 1 {
		t.Fatalf("list: %+v", clusters)
	}

	t.Run("credentials", func(t *testing.T) {
		expiry := 600
		request := &godo.KubernetesClusterCredentialsGetRequest{ExpirySeconds: &expiry}
		credentials, response, err := api.GetCredentials(ctx, cluster.ID, request)
		must(t, 200, response, err)
		if credentials.Server != cluster.Endpoint || len(credentials.CertificateAuthorityData) == 0 ||
			credentials.Token == "" || time.Until(credentials.ExpiresAt) > 10*time.Minute {
			t.Fatal("credentials are not complete")
		}
		kubeconfig, response, err := api.GetKubeConfigWithExpiry(ctx, cluster.ID, 600)
		must(t, 200, response, err)
		if len(kubeconfig.KubeconfigYAML) == 0 {
			t.Fatal("no kubeconfig")
		}
		user, response, err := api.GetUser(ctx, cluster.ID)
		must(t, 200, response, err)
		if user.Username == "" || len(user.Groups) == 0 {
			t.Fatalf("user: %+v", user)
		}
	})

	t.Run("update and upgrade", func(t *testing.T) {
		surge := &godo.KubernetesClusterUpdateRequest{Name: "conformance", SurgeUpgrade: true}
		updated, response, err := api.Update(ctx, cluster.ID, surge)
		must(t, 202, response, err)
		if !updated.SurgeUpgrade {
			t.Fatalf("updated: %+v", updated)
		}
		upgrades, response, err := api.GetUpgrades(ctx, cluster.ID)
		must(t, 200, response, err)
		if len(upgrades) != 1 || upgrades[0].Slug != newer {
			t.Fatalf("upgrades: %+v", upgrades)
		}
		response, err = api.Upgrade(ctx, cluster.ID, &godo.KubernetesClusterUpgradeRequest{VersionSlug: newer})
		must(t, 202, response, err)
		waitFor(t, "the upgrade", is(godo.KubernetesClusterStatusRunning))
		if cluster.VersionSlug != newer {
			t.Fatalf("upgraded to %s, want %s", cluster.VersionSlug, newer)
		}
		_, err = api.Upgrade(ctx, cluster.ID, &godo.KubernetesClusterUpgradeRequest{VersionSlug: older})
		refused(t, 422, err)
	})

	t.Run("node pools", func(t *testing.T) {
		extra := &godo.KubernetesNodePoolCreateRequest{
			Name: "extra", Size: "s-2vcpu-2gb", AutoScale: true, MinNodes: 1, MaxNodes: 3,
		}
		added, response, err := api.CreateNodePool(ctx, cluster.ID, extra)
		must(t, 201, response, err)
		if !added.AutoScale || added.Count != 1 || added.MaxNodes != 3 {
			t.Fatalf("added: %+v", added)
		}
		_, _, err = api.CreateNodePool(ctx, cluster.ID, extra)
		refused(t, 422, err)
		count, no := 3, false
		change := &godo.KubernetesNodePoolUpdateRequest{Count: &count, AutoScale: &no}
		changed, response, err := api.UpdateNodePool(ctx, cluster.ID, added.ID, change)
		must(t, 202, response, err)
		if changed.Count != 3 || len(changed.Nodes) != 3 || changed.AutoScale {
			t.Fatalf("changed: %+v", changed)
		}
		response, err = api.DeleteNode(ctx, cluster.ID, added.ID, changed.Nodes[0].ID, &godo.KubernetesNodeDeleteRequest{})
		must(t, 202, response, err)
		shown, response, err := api.GetNodePool(ctx, cluster.ID, added.ID)
		must(t, 200, response, err)
		if shown.Count != 2 {
			t.Fatalf("after a node was deleted: %+v", shown)
		}
		pools, response, err := api.ListNodePools(ctx, cluster.ID, nil)
		must(t, 200, response, err)
		if len(pools) != 2 {
			t.Fatalf("pools: %+v", pools)
		}
		response, err = api.DeleteNodePool(ctx, cluster.ID, added.ID)
		must(t, 204, response, err)
		_, _, err = api.GetNodePool(ctx, cluster.ID, added.ID)
		refused(t, 404, err)
	})

	resources, response, err := api.ListAssociatedResourcesForDeletion(ctx, cluster.ID)
	must(t, 200, response, err)
	if resources.Volumes == nil || resources.LoadBalancers == nil || resources.VolumeSnapshots == nil {
		t.Fatalf("associated resources: %+v", resources)
	}
	response, err = api.Delete(ctx, cluster.ID)
	must(t, 204, response, err)
	waitFor(t, "the deletion", func() bool {
		_, _, err := api.Get(ctx, cluster.ID)
		if err != nil {
			refused(t, 404, err)
		}
		return err != nil
	})
}

func TestAccountAndTags(t *testing.T) {
	ctx := context.Background()
	client := newClient(t, os.Getenv("SLIPWAY_DIGITALOCEAN_TOKEN"))

	account, response, err := client.Account.Get(ctx)
	must(t, 200, response, err)
	if account.Status != "active" || account.DropletLimit == 0 || account.Team.UUID == "" {
		t.Fatalf("account: %+v", account)
	}
	project, response, err := client.Projects.GetDefault(ctx)
	must(t, 200, response, err)
	if !project.IsDefault {
		t.Fatalf("project: %+v", project)
	}
	regions, response, err := client.Regions.List(ctx, nil)
	must(t, 200, response, err)
	sizes, response, err := client.Sizes.List(ctx, nil)
	must(t, 200, response, err)
	if len(regions) == 0 || len(sizes) == 0 || sizes[0].PriceMonthly == 0 {
		t.Fatalf("regions: %+v, sizes: %+v", regions, sizes)
	}

	_, response, err = client.Tags.Create(ctx, &godo.TagCreateRequest{Name: "conformance"})
	must(t, 201, response, err)
	droplet := []godo.Resource{{ID: "1", Type: godo.DropletResourceType}}
	response, err = client.Tags.TagResources(ctx, "conformance", &godo.TagResourcesRequest{Resources: droplet})
	must(t, 204, response, err)
	tag, response, err := client.Tags.Get(ctx, "conformance")
	must(t, 200, response, err)
	if tag.Resources.Count != 1 || tag.Resources.Droplets.Count != 1 || tag.Resources.Images == nil {
		t.Fatalf("tag: %+v", tag)
	}
	response, err = client.Tags.UntagResources(ctx, "conformance", &godo.UntagResourcesRequest{Resources: droplet})
	must(t, 204, response, err)
	response, err = client.Tags.Delete(ctx, "conformance")
	must(t, 204, response, err)
	_, _, err = client.Tags.Get(ctx, "conformance")
	refused(t, 404, err)
}

func TestPages(t *testing.T) {
	ctx := context.Background()
	client := newClient(t, os.Getenv("SLIPWAY_DIGITALOCEAN_TOKEN"))
	seen := 0
	for options := (&godo.ListOptions{PerPage: 4}); ; options.Page++ {
		sizes, response, err := client.Sizes.List(ctx, options)
		must(t, 200, response, err)
		seen += len(sizes)
		if response.Links.IsLastPage() {
			if seen != response.Meta.Total || seen <= 8 {
				t.Fatalf("saw %d of %d", seen, response.Meta.Total)
			}
			return
		}
		page, err := response.Links.CurrentPage()
		if err != nil {
			t.Fatal(err)
		}
		options.Page = page
	}
}

func TestAnUnknownTokenIsRefused(t *testing.T) {
	_, _, err := newClient(t, "unknown").Account.Get(context.Background())
	refused(t, 401, err)
}
