package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/disk"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/openapi3"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/scale"
	"k8s.io/client-go/util/retry"
)

var findChecks = []check{
	{"discovery: cached, aggregated and not", discoveries},
	{"discovery: mapper of a definition that comes", mapping},
	{"discovery: OpenAPI", openAPI},
	{"scale: every kind that can", scales},
}

// watchable lists what of a discovery can be listed and watched.
func watchable(lists []*metav1.APIResourceList) []schema.GroupVersionResource {
	var found []schema.GroupVersionResource
	for _, list := range discovery.FilteredBy(discovery.SupportsAllVerbs{Verbs: []string{"list", "watch"}}, lists) {
		version, _ := schema.ParseGroupVersion(list.GroupVersion)
		for _, resource := range list.APIResources {
			found = append(found, version.WithResource(resource.Name))
		}
	}
	return found
}

// discoveries asks in every way; all must find the same.
func discoveries(_ context.Context, c *cluster) error {
	plain, err := discovery.NewDiscoveryClientForConfig(c.config)
	if err != nil {
		return err
	}
	aggregated := *plain
	plain.UseLegacyDiscovery = true
	dir, err := os.MkdirTemp("", "discovery-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	onDisk, err := disk.NewCachedDiscoveryClientForConfig(c.config, dir, dir+"/http", time.Minute)
	if err != nil {
		return err
	}
	cached := memory.NewMemCacheClient(&aggregated)
	clients := []discovery.DiscoveryInterface{plain, &aggregated, onDisk, onDisk, cached, cached}
	var first []string
	for i, client := range clients {
		groups, lists, err := client.ServerGroupsAndResources()
		if err != nil {
			return err
		}
		found := spelled(groups, lists)
		if i == 0 {
			first = found
		}
		if !slices.Equal(first, found) {
			return fmt.Errorf("%T finds\n%v\nnot\n%v", client, found, first)
		}
	}
	if !onDisk.Fresh() || !cached.Fresh() {
		return errors.New("a cache is not fresh")
	}
	return nil
}

func spelled(groups []*metav1.APIGroup, lists []*metav1.APIResourceList) []string {
	var found []string
	for _, group := range groups {
		found = append(found, fmt.Sprint(group.Name, group.PreferredVersion.Version, len(group.Versions)))
	}
	for _, list := range lists {
		for _, r := range list.APIResources {
			if strings.Contains(r.Name, "/") {
				// Only aggregated discovery leads client-go to give subresources a singular name.
				r.SingularName = ""
			}
			verbs := slices.Sorted(slices.Values(r.Verbs))
			found = append(found, fmt.Sprint(list.GroupVersion, r.Name, r.SingularName, r.Kind, r.Namespaced, r.ShortNames, r.Categories, verbs))
		}
	}
	slices.Sort(found)
	return found
}

// definition defines a kind that has a scale.
func definition(group string) *unstructured.Unstructured {
	integer := map[string]any{"type": "object", "properties": map[string]any{"replicas": map[string]any{"type": "integer"}}}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1",
		"kind":       "CustomResourceDefinition",
		"metadata":   map[string]any{"name": "sets." + group},
		"spec": map[string]any{
			"group": group, "scope": "Namespaced",
			"names": map[string]any{"plural": "sets", "singular": "set", "kind": "Set", "shortNames": []any{"st"}},
			"versions": []any{map[string]any{
				"name": "v1", "served": true, "storage": true,
				"schema":       map[string]any{"openAPIV3Schema": map[string]any{"type": "object", "properties": map[string]any{"spec": integer, "status": integer}}},
				"subresources": map[string]any{"status": map[string]any{}, "scale": map[string]any{"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}},
			}},
		},
	}}
}

var definitions = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}

// define makes a kind of its own for a check; `forget` takes it away.
func define(ctx context.Context, c *cluster) (group string, forget func(), err error) {
	objects, err := dynamic.NewForConfig(c.config)
	if err != nil {
		return "", nil, err
	}
	group = c.namespace + ".example.com"
	made, err := objects.Resource(definitions).Create(ctx, definition(group), metav1.CreateOptions{})
	if err != nil {
		return "", nil, err
	}
	forget = func() {
		_ = objects.Resource(definitions).Delete(context.Background(), made.GetName(), metav1.DeleteOptions{})
	}
	return group, forget, nil
}

// mapping asks a deferred mapper for a kind before and after it is defined.
func mapping(ctx context.Context, c *cluster) error {
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(c.client.Discovery()))
	if deployment, err := mapper.RESTMapping(schema.GroupKind{Group: "apps", Kind: "Deployment"}); err != nil || deployment.Resource.Resource != "deployments" {
		return fmt.Errorf("%v %w", deployment, err)
	}
	group, forget, err := define(ctx, c)
	if err != nil {
		return err
	}
	defer forget()
	var found error
	err = eventually(ctx, text(func() string { return fmt.Sprint(found) }), func() bool {
		mapper.Reset()
		_, found = mapper.RESTMapping(schema.GroupKind{Group: group, Kind: "Set"})
		return found == nil
	})
	if err != nil {
		return err
	}
	short, err := restmapper.NewShortcutExpander(mapper, c.client.Discovery(), nil).KindFor(schema.GroupVersionResource{Resource: "deploy"})
	if err != nil || short.Kind != "Deployment" {
		return fmt.Errorf("deploy is %v %w", short, err)
	}
	all, known := restmapper.NewDiscoveryCategoryExpander(c.client.Discovery()).Expand("all")
	if !known || !slices.Contains(all, schema.GroupResource{Resource: "pods"}) {
		return fmt.Errorf("all is %v", all)
	}
	return nil
}

func openAPI(_ context.Context, c *cluster) error {
	if document, err := c.client.Discovery().OpenAPISchema(); err != nil || len(document.Definitions.AdditionalProperties) < 400 {
		return fmt.Errorf("version 2: %w", err)
	}
	root := openapi3.NewRoot(c.client.Discovery().OpenAPIV3())
	versions, err := root.GroupVersions()
	if err != nil {
		return err
	}
	for _, version := range versions {
		document, err := root.GVSpec(version)
		if err != nil || len(document.Paths.Paths) == 0 {
			return fmt.Errorf("%v: %w", version, err)
		}
	}
	return nil
}

// scales scales one of each kind that can be, asleep: nothing of them runs.
func scales(ctx context.Context, c *cluster) error {
	group, forget, err := define(ctx, c)
	if err != nil {
		return err
	}
	defer forget()
	if err = makeScalable(ctx, c); err != nil {
		return err
	}
	sets := schema.GroupVersionResource{Group: group, Version: "v1", Resource: "sets"}
	if err = makeSet(ctx, c, sets); err != nil {
		return err
	}
	resources, err := restmapper.GetAPIGroupResources(c.client.Discovery())
	if err != nil {
		return err
	}
	mapper := restmapper.NewDiscoveryRESTMapper(resources)
	client, err := scale.NewForConfig(c.config, mapper, dynamic.LegacyAPIPathResolverFunc, scale.NewDiscoveryScaleKindResolver(c.client.Discovery()))
	if err != nil {
		return err
	}
	for _, name := range []string{"deployments.apps", "replicasets.apps", "statefulsets.apps", "replicationcontrollers", "sets." + group} {
		resource := schema.ParseGroupResource(name)
		err := retry.RetryOnConflict(retry.DefaultBackoff, func() error {
			found, err := client.Scales(c.namespace).Get(ctx, resource, "s", metav1.GetOptions{})
			if err != nil {
				return err
			}
			found.Spec.Replicas = 2
			_, err = client.Scales(c.namespace).Update(ctx, resource, found, metav1.UpdateOptions{})
			return err
		})
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		version, err := mapper.ResourceFor(resource.WithVersion(""))
		if err != nil {
			return err
		}
		found, err := client.Scales(c.namespace).Patch(ctx, version, "s", types.MergePatchType, []byte(`{"spec":{"replicas":0}}`), metav1.PatchOptions{})
		if err != nil || found.Spec.Replicas != 0 {
			return fmt.Errorf("%s: %v %w", name, found, err)
		}
	}
	return nil
}

// makeScalable makes one of each kind of workload, named s.
func makeScalable(ctx context.Context, c *cluster) error {
	labels := map[string]string{"of": "s"}
	template := corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: labels},
		Spec:       corev1.PodSpec{SchedulerName: "nobody", Containers: []corev1.Container{{Name: "c", Image: c.image}}},
	}
	selector := &metav1.LabelSelector{MatchLabels: labels}
	own := metav1.ObjectMeta{Name: "s"}
	none := new(int32)
	apps, core := c.client.AppsV1(), c.client.CoreV1()
	_, deployment := apps.Deployments(c.namespace).Create(ctx, &appsv1.Deployment{ObjectMeta: own, Spec: appsv1.DeploymentSpec{Replicas: none, Selector: selector, Template: template}}, metav1.CreateOptions{})
	_, replicaSet := apps.ReplicaSets(c.namespace).Create(ctx, &appsv1.ReplicaSet{ObjectMeta: own, Spec: appsv1.ReplicaSetSpec{Replicas: none, Selector: selector, Template: template}}, metav1.CreateOptions{})
	_, statefulSet := apps.StatefulSets(c.namespace).Create(ctx, &appsv1.StatefulSet{ObjectMeta: own, Spec: appsv1.StatefulSetSpec{Replicas: none, Selector: selector, Template: template}}, metav1.CreateOptions{})
	_, controller := core.ReplicationControllers(c.namespace).Create(ctx, &corev1.ReplicationController{ObjectMeta: own, Spec: corev1.ReplicationControllerSpec{Replicas: none, Selector: labels, Template: &template}}, metav1.CreateOptions{})
	return errors.Join(deployment, replicaSet, statefulSet, controller)
}

// makeSet makes an object of the defined kind, once it is served.
func makeSet(ctx context.Context, c *cluster, sets schema.GroupVersionResource) error {
	objects, err := dynamic.NewForConfig(c.config)
	if err != nil {
		return err
	}
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": sets.GroupVersion().String(), "kind": "Set",
		"metadata": map[string]any{"name": "s"}, "spec": map[string]any{"replicas": int64(1)},
	}}
	return eventually(ctx, text(func() string { return fmt.Sprint(err) }), func() bool {
		_, err = objects.Resource(sets).Namespace(c.namespace).Create(ctx, object, metav1.CreateOptions{})
		return err == nil
	})
}
