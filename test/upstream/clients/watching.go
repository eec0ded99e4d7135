package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/features"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/pager"
	watchtools "k8s.io/client-go/tools/watch"
)

var configMaps = corev1.SchemeGroupVersion.WithResource("configmaps")

var watchChecks = []check{
	{"watch: informers by watch list", informersWith(true)},
	{"watch: informers by list and watch", informersWith(false)},
	{"watch: dynamic and metadata informers", untypedInformers},
	{"watch: informers of every kind", informersOfAll},
	{"watch: a revision that is to come", tooNew},
	{"watch: pages", pages},
	{"watch: until", until},
}

func named(name string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: map[string]string{"of": name}}
}

func makeConfigMaps(ctx context.Context, c *cluster, count int) error {
	for i := range count {
		if _, err := c.client.CoreV1().ConfigMaps(c.namespace).Create(ctx, named(fmt.Sprintf("c-%03d", i)), metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	return nil
}

// gates are client-go's features with some set.
type gates struct {
	features.Gates
	watchList bool
}

func (g gates) Enabled(feature features.Feature) bool {
	if feature == features.WatchListClient {
		return g.watchList
	}
	return g.Gates.Enabled(feature)
}

// seen counts what handlers are told of a namespace.
type seen struct{ added, initial, updated, resynced, deleted atomic.Int32 }

func (s *seen) handler(namespace string) cache.ResourceEventHandlerDetailedFuncs {
	own := func(object any) bool {
		accessor, err := meta.Accessor(object)
		return err == nil && accessor.GetNamespace() == namespace && accessor.GetName() != "kube-root-ca.crt"
	}
	return cache.ResourceEventHandlerDetailedFuncs{
		AddFunc: func(object any, initial bool) {
			if !own(object) {
				return
			}
			s.added.Add(1)
			if initial {
				s.initial.Add(1)
			}
		},
		UpdateFunc: func(before, after any) {
			one, _ := meta.Accessor(before)
			another, _ := meta.Accessor(after)
			if !own(after) {
				return
			}
			if one.GetResourceVersion() == another.GetResourceVersion() {
				s.resynced.Add(1)
				return
			}
			s.updated.Add(1)
		},
		DeleteFunc: func(object any) {
			if own(object) {
				s.deleted.Add(1)
			}
		},
	}
}

func (s *seen) String() string {
	return fmt.Sprintf("added %d (at first %d), updated %d, resynced %d, deleted %d",
		s.added.Load(), s.initial.Load(), s.updated.Load(), s.resynced.Load(), s.deleted.Load())
}

// eventually waits for a condition; without it, `what` is the error.
func eventually(ctx context.Context, what fmt.Stringer, condition func() bool) error {
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, 30*time.Second, true, func(context.Context) (bool, error) { return condition(), nil })
	if err != nil {
		return fmt.Errorf("%w: %v", err, what)
	}
	return nil
}

// changing makes a change of each sort and waits until handlers were told.
func changing(ctx context.Context, c *cluster, told *seen, before int32) error {
	client := c.client.CoreV1().ConfigMaps(c.namespace)
	made, err := client.Create(ctx, named("late"), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	made.Data["more"] = "yes"
	if _, err = client.Update(ctx, made, metav1.UpdateOptions{}); err != nil {
		return err
	}
	if err = client.Delete(ctx, "late", metav1.DeleteOptions{}); err != nil {
		return err
	}
	return eventually(ctx, told, func() bool {
		return told.added.Load() == before+1 && told.initial.Load() == before && told.updated.Load() == 1 && told.deleted.Load() == 1
	})
}

func informersWith(watchList bool) func(context.Context, *cluster) error {
	return func(ctx context.Context, c *cluster) error {
		features.ReplaceFeatureGates(gates{features.FeatureGates(), watchList})
		if err := makeConfigMaps(ctx, c, 20); err != nil {
			return err
		}
		factory := informers.NewSharedInformerFactory(c.client, 2*time.Second)
		informer := factory.Core().V1().ConfigMaps()
		told := &seen{}
		if _, err := informer.Informer().AddEventHandler(told.handler(c.namespace)); err != nil {
			return err
		}
		ctx, stop := context.WithCancel(ctx)
		defer factory.Shutdown()
		defer stop()
		factory.Start(ctx.Done())
		if !cache.WaitForCacheSync(ctx.Done(), informer.Informer().HasSynced) {
			return errors.New("it did not sync")
		}
		if err := changing(ctx, c, told, 20); err != nil {
			return err
		}
		found, err := informer.Lister().ConfigMaps(c.namespace).Get("c-007")
		if err != nil || found.Data["of"] != "c-007" {
			return fmt.Errorf("the lister says %v %w", found, err)
		}
		return eventually(ctx, told, func() bool { return told.resynced.Load() >= 20 })
	}
}

func untypedInformers(ctx context.Context, c *cluster) error {
	objects, err := dynamic.NewForConfig(c.config)
	if err != nil {
		return err
	}
	partial, err := metadata.NewForConfig(c.config)
	if err != nil {
		return err
	}
	if err := makeConfigMaps(ctx, c, 5); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	whole := dynamicinformer.NewFilteredDynamicInformer(objects, configMaps, c.namespace, 0, cache.Indexers{}, nil).Informer()
	slim := metadatainformer.NewFilteredMetadataInformer(partial, configMaps, c.namespace, 0, cache.Indexers{}, nil).Informer()
	both := []*seen{{}, {}}
	for i, informer := range []cache.SharedIndexInformer{whole, slim} {
		if _, err := informer.AddEventHandler(both[i].handler(c.namespace)); err != nil {
			return err
		}
		go informer.Run(ctx.Done())
		if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
			return errors.New("it did not sync")
		}
	}
	if err := changing(ctx, c, both[0], 5); err != nil {
		return err
	}
	return eventually(ctx, both[1], func() bool { return both[1].deleted.Load() == 1 && both[1].updated.Load() == 1 })
}

// informersOfAll follows whatever can be listed and watched, as a garbage collector does.
func informersOfAll(ctx context.Context, c *cluster) error {
	partial, err := metadata.NewForConfig(c.config)
	if err != nil {
		return err
	}
	lists, err := c.client.Discovery().ServerPreferredResources()
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(ctx, time.Minute)
	defer stop()
	factory := metadatainformer.NewSharedInformerFactory(partial, 0)
	for _, resource := range watchable(lists) {
		factory.ForResource(resource).Informer()
	}
	factory.Start(ctx.Done())
	for resource, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return fmt.Errorf("%v did not sync", resource)
		}
	}
	return nil
}

// tooNew asks for what is yet to come.
func tooNew(ctx context.Context, c *cluster) error {
	options := metav1.ListOptions{ResourceVersion: strconv.Itoa(1 << 50)}
	request := c.client.CoreV1().RESTClient().Get().Namespace(c.namespace).Resource("configmaps").VersionedParams(&options, scheme.ParameterCodec)
	err := request.MaxRetries(0).Do(ctx).Error()
	if !apierrors.IsTimeout(err) || !apierrors.HasStatusCause(err, metav1.CauseTypeResourceVersionTooLarge) {
		return fmt.Errorf("it was answered with: %w", err)
	}
	return nil
}

func pages(ctx context.Context, c *cluster) error {
	if err := makeConfigMaps(ctx, c, 25); err != nil {
		return err
	}
	requests, count := 0, 0
	lister := pager.New(func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		requests++
		list, err := c.client.CoreV1().ConfigMaps(c.namespace).List(ctx, options)
		if err == nil && list.Continue != "" && options.FieldSelector == "" && (list.RemainingItemCount == nil || int(*list.RemainingItemCount) != 26-10*requests) {
			return nil, fmt.Errorf("remaining: %v", list.RemainingItemCount)
		}
		return list, err
	})
	lister.PageSize = 10
	if err := lister.EachListItem(ctx, metav1.ListOptions{}, func(runtime.Object) error { count++; return nil }); err != nil {
		return err
	}
	// The namespace's own map of certificates may not be there yet.
	if requests != 3 || count < 25 || count > 26 {
		return fmt.Errorf("%d objects in %d pages", count, requests)
	}
	whole, paged, err := lister.List(ctx, metav1.ListOptions{ResourceVersion: "0"})
	if err != nil || paged {
		return fmt.Errorf("a list from the cache: in pages %v, %w", paged, err)
	}
	if meta.LenList(whole) != count {
		return fmt.Errorf("%d objects at once", meta.LenList(whole))
	}
	return nil
}

// until waits as tests and commands do.
func until(ctx context.Context, c *cluster) error {
	client := c.client.CoreV1().ConfigMaps(c.namespace)
	made, err := client.Create(ctx, named("one"), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	only := fields.OneTermEqualSelector("metadata.name", "one")
	lw := cache.NewListWatchFromClient(c.client.CoreV1().RESTClient(), "configmaps", c.namespace, only)
	ends := func(event watch.Event) (bool, error) { return event.Type == watch.Deleted, nil }
	results := make(chan error, 2)
	go func() {
		_, err := watchtools.Until(ctx, made.ResourceVersion, lw, ends)
		results <- err
	}()
	exists := make(chan struct{})
	go func() {
		_, err := watchtools.UntilWithSync(ctx, lw, &corev1.ConfigMap{}, func(store cache.Store) (bool, error) {
			_, there, err := store.GetByKey(c.namespace + "/one")
			close(exists)
			return !there, err
		}, ends)
		results <- err
	}()
	<-exists
	if err := client.Delete(ctx, "one", metav1.DeleteOptions{}); err != nil {
		return err
	}
	return errors.Join(<-results, <-results)
}
