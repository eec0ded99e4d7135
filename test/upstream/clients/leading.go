package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/tools/record"
)

var leaderChecks = []check{
	{"leaders: one after the other", leaders},
	{"events: of the core group, counted", coreEvents},
	{"events: of their own group, in series", seriesOfEvents},
}

// candidate runs for the lease until it ends; it tells the channel once it leads.
func candidate(ctx context.Context, c *cluster, name string, release bool, leads chan<- string) error {
	lock, err := resourcelock.NewFromKubeconfig(resourcelock.LeasesResourceLock, c.namespace, "lead",
		resourcelock.ResourceLockConfig{Identity: name}, c.config, 4*time.Second)
	if err != nil {
		return err
	}
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: lock, ReleaseOnCancel: release,
		LeaseDuration: 5 * time.Second, RenewDeadline: 4 * time.Second, RetryPeriod: 500 * time.Millisecond,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) { leads <- name },
			OnStoppedLeading: func() {},
		},
	})
	if err != nil {
		return err
	}
	go elector.Run(ctx)
	return nil
}

// leaders elects three in turn: the first is killed, the second gives the lease back.
func leaders(ctx context.Context, c *cluster) error {
	leads := make(chan string, 3)
	stops := make([]context.CancelFunc, 3)
	for i, name := range []string{"a", "b", "c"} {
		own, stop := context.WithCancel(ctx)
		defer stop()
		stops[i] = stop
		if err := candidate(own, c, name, i == 1, leads); err != nil {
			return err
		}
		if i == 0 && <-leads != "a" {
			return errors.New("the only candidate does not lead")
		}
	}
	stops[0]()
	second := <-leads
	if second == "b" {
		stops[1]()
	} else {
		stops[2]()
	}
	third := <-leads
	lease, err := c.client.CoordinationV1().Leases(c.namespace).Get(ctx, "lead", metav1.GetOptions{})
	if err != nil {
		return err
	}
	if third == second || *lease.Spec.HolderIdentity != third || *lease.Spec.LeaseTransitions != 2 {
		return fmt.Errorf("after %s came %s; the lease says %v", second, third, lease.Spec)
	}
	return nil
}

func coreEvents(ctx context.Context, c *cluster) error {
	about, err := c.client.CoreV1().ConfigMaps(c.namespace).Create(ctx, named("about"), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	broadcaster := record.NewBroadcaster(record.WithContext(ctx))
	defer broadcaster.Shutdown()
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: c.client.CoreV1().Events("")})
	recorder := broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "clients"})
	for range 5 {
		recorder.Event(about, corev1.EventTypeNormal, "Same", "the same again")
	}
	for i := range 15 {
		recorder.Eventf(about, corev1.EventTypeWarning, "Similar", "number %d", i)
	}
	var list *corev1.EventList
	said := func() bool {
		list, err = c.client.CoreV1().Events(c.namespace).Search(scheme.Scheme, about)
		same, combined := false, false
		for _, event := range list.Items {
			same = same || event.Reason == "Same" && event.Count == 5
			combined = combined || event.Count == 6 && event.Message == "(combined from similar events): number 14"
		}
		return err == nil && same && combined && len(list.Items) == 11
	}
	return eventually(ctx, text(func() string { return fmt.Sprint(list) }), said)
}

// text is a Stringer made when it is wanted.
type text func() string

func (t text) String() string { return t() }

func seriesOfEvents(ctx context.Context, c *cluster) error {
	about, err := c.client.CoreV1().ConfigMaps(c.namespace).Create(ctx, named("about"), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	broadcaster := events.NewBroadcaster(&events.EventSinkImpl{Interface: c.client.EventsV1()})
	defer broadcaster.Shutdown()
	if err := broadcaster.StartRecordingToSinkWithContext(ctx); err != nil {
		return err
	}
	recorder := broadcaster.NewRecorder(scheme.Scheme, "clients.example/check")
	list := &eventsv1.EventList{}
	read := func(fits func(eventsv1.Event) bool) error {
		return eventually(ctx, text(func() string { return fmt.Sprint(list.Items) }), func() bool {
			list, err = c.client.EventsV1().Events(c.namespace).List(ctx, metav1.ListOptions{FieldSelector: "reason=Again"})
			return err == nil && len(list.Items) == 1 && fits(list.Items[0])
		})
	}
	recorder.Eventf(about, nil, corev1.EventTypeNormal, "Again", "Trying", "the same again")
	if err := read(func(event eventsv1.Event) bool { return event.Series == nil }); err != nil {
		return err
	}
	recorder.Eventf(about, nil, corev1.EventTypeNormal, "Again", "Trying", "the same again")
	return read(func(event eventsv1.Event) bool { return event.Series != nil && event.Series.Count == 2 })
}
