package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	applyapps "k8s.io/client-go/applyconfigurations/apps/v1"
	applycore "k8s.io/client-go/applyconfigurations/core/v1"
	applymeta "k8s.io/client-go/applyconfigurations/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/retry"
)

var writeChecks = []check{
	{"write: apply, extract, apply again", applying},
	{"write: conflicts tried again", conflicts},
	{"write: warnings", warnings},
	{"write: too many requests", tooMany},
	{"write: evictions", evictions},
}

func wantedDeployment(namespace, image string) *applyapps.DeploymentApplyConfiguration {
	labels := map[string]string{"of": "d"}
	container := applycore.Container().WithName("c").WithImage(image).WithPorts(applycore.ContainerPort().WithContainerPort(80))
	return applyapps.Deployment("d", namespace).WithLabels(map[string]string{"applied": "yes"}).WithSpec(applyapps.DeploymentSpec().
		WithReplicas(0).
		WithSelector(applymeta.LabelSelector().WithMatchLabels(labels)).
		WithTemplate(applycore.PodTemplateSpec().WithLabels(labels).WithSpec(applycore.PodSpec().WithContainers(container))))
}

func applying(ctx context.Context, c *cluster) error {
	client := c.client.AppsV1().Deployments(c.namespace)
	mine := metav1.ApplyOptions{FieldManager: "clients"}
	if _, err := client.Apply(ctx, wantedDeployment(c.namespace, "one"), mine); err != nil {
		return err
	}
	_, err := client.Apply(ctx, wantedDeployment(c.namespace, "two"), metav1.ApplyOptions{FieldManager: "another"})
	if !apierrors.IsConflict(err) || !apierrors.HasStatusCause(err, metav1.CauseTypeFieldManagerConflict) {
		return fmt.Errorf("another's apply: %w", err)
	}
	if _, err = client.Apply(ctx, wantedDeployment(c.namespace, "two"), metav1.ApplyOptions{FieldManager: "another", Force: true}); err != nil {
		return err
	}
	current, err := client.Get(ctx, "d", metav1.GetOptions{})
	if err != nil {
		return err
	}
	own, err := applyapps.ExtractDeployment(current, "clients")
	if err != nil {
		return err
	}
	if own.Spec.Template.Spec.Containers[0].Image != nil || *own.Spec.Template.Spec.Containers[0].Ports[0].ContainerPort != 80 {
		return fmt.Errorf("what is left of mine: %v", own.Spec.Template.Spec.Containers)
	}
	own.Spec.Template.Spec.Containers[0].Ports = nil
	if current, err = client.Apply(ctx, own, mine); err != nil {
		return err
	}
	if ports := current.Spec.Template.Spec.Containers[0].Ports; len(ports) != 1 {
		return fmt.Errorf("another has the port too, but: %v", ports)
	}
	scaled, err := client.ApplyScale(ctx, "d", nil, metav1.ApplyOptions{})
	if err == nil {
		return fmt.Errorf("a scale of nothing: %v", scaled)
	}
	return nil
}

func conflicts(ctx context.Context, c *cluster) error {
	client := c.client.CoreV1().ConfigMaps(c.namespace)
	if _, err := client.Create(ctx, named("one"), metav1.CreateOptions{}); err != nil {
		return err
	}
	// As many as may fail: every conflict is another's success.
	writers := retry.DefaultRetry.Steps
	results := make(chan error, writers)
	for i := range writers {
		go func() {
			results <- retry.RetryOnConflict(retry.DefaultRetry, func() error {
				current, err := client.Get(ctx, "one", metav1.GetOptions{})
				if err != nil {
					return err
				}
				current.Data[fmt.Sprint("writer-", i)] = "was here"
				_, err = client.Update(ctx, current, metav1.UpdateOptions{})
				return err
			})
		}()
	}
	for range writers {
		if err := <-results; err != nil {
			return err
		}
	}
	current, err := client.Get(ctx, "one", metav1.GetOptions{})
	if err != nil || len(current.Data) != writers+1 {
		return fmt.Errorf("%v %w", current, err)
	}
	return nil
}

// heard keeps the warnings it is given.
type heard struct {
	mutex sync.Mutex
	all   []string
}

func (h *heard) HandleWarningHeader(code int, agent, message string) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.all = append(h.all, fmt.Sprint(code, " ", agent, " ", message))
}

func warnings(ctx context.Context, c *cluster) error {
	config := rest.CopyConfig(c.config)
	said := &heard{}
	config.WarningHandler = said
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	if _, err = client.CoreV1().ComponentStatuses().List(ctx, metav1.ListOptions{}); err != nil {
		return err
	}
	body := []byte(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"nonsense":1}`)
	err = client.CoreV1().RESTClient().Post().Namespace(c.namespace).Resource("configmaps").Param("fieldValidation", "Warn").
		SetHeader("Content-Type", "application/json").Body(body).Do(ctx).Error()
	if err != nil {
		return err
	}
	want := []string{"299 - v1 ComponentStatus is deprecated in v1.19+", `299 - unknown field "nonsense"`}
	if strings.Join(said.all, "|") != strings.Join(want, "|") {
		return fmt.Errorf("heard %q", said.all)
	}
	return nil
}

// countingTransport counts answers by status.
type countingTransport struct {
	under    http.RoundTripper
	refusals *atomic.Int32
}

func (t countingTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := t.under.RoundTrip(request)
	if err == nil && response.StatusCode == http.StatusTooManyRequests && response.Header.Get("Retry-After") != "" {
		t.refusals.Add(1)
	}
	return response, err
}

// tooMany asks more at a time than a narrow level lets through; client-go waits as it is told and all are answered.
func tooMany(ctx context.Context, c *cluster) error {
	forget, err := narrow(ctx, c)
	if err != nil {
		return err
	}
	defer forget()
	edits := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "edits"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.UserKind, Name: c.namespace}},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "edit"},
	}
	if _, err = c.client.RbacV1().RoleBindings(c.namespace).Create(ctx, edits, metav1.CreateOptions{}); err != nil {
		return err
	}
	refusals := &atomic.Int32{}
	config := rest.CopyConfig(c.config)
	config.Impersonate = rest.ImpersonationConfig{UserName: c.namespace, Groups: []string{"system:authenticated"}}
	config.WrapTransport = func(under http.RoundTripper) http.RoundTripper { return countingTransport{under, refusals} }
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	const askers = 60
	results := make(chan error, askers)
	for deadline := time.Now().Add(20 * time.Second); refusals.Load() == 0 && time.Now().Before(deadline); {
		for range askers {
			go func() {
				_, err := client.CoreV1().ConfigMaps(c.namespace).Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{GenerateName: "c-"}}, metav1.CreateOptions{})
				results <- err
			}()
		}
		for range askers {
			if err := <-results; err != nil {
				return err
			}
		}
	}
	if refusals.Load() == 0 {
		return errors.New("nobody was told to wait")
	}
	return nil
}

// narrow makes a priority level with one seat and no queue for a user named as the namespace.
func narrow(ctx context.Context, c *cluster) (forget func(), err error) {
	client := c.client.FlowcontrolV1()
	none, one := new(int32), int32(1)
	level := &flowcontrolv1.PriorityLevelConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: c.namespace},
		Spec: flowcontrolv1.PriorityLevelConfigurationSpec{Type: flowcontrolv1.PriorityLevelEnablementLimited, Limited: &flowcontrolv1.LimitedPriorityLevelConfiguration{
			NominalConcurrencyShares: &one, LendablePercent: none, BorrowingLimitPercent: none,
			LimitResponse: flowcontrolv1.LimitResponse{Type: flowcontrolv1.LimitResponseTypeReject},
		}},
	}
	flow := &flowcontrolv1.FlowSchema{
		ObjectMeta: metav1.ObjectMeta{Name: c.namespace},
		Spec: flowcontrolv1.FlowSchemaSpec{
			MatchingPrecedence: 2, PriorityLevelConfiguration: flowcontrolv1.PriorityLevelConfigurationReference{Name: c.namespace},
			Rules: []flowcontrolv1.PolicyRulesWithSubjects{{
				Subjects:      []flowcontrolv1.Subject{{Kind: flowcontrolv1.SubjectKindUser, User: &flowcontrolv1.UserSubject{Name: c.namespace}}},
				ResourceRules: []flowcontrolv1.ResourcePolicyRule{{Verbs: []string{"*"}, APIGroups: []string{"*"}, Resources: []string{"*"}, Namespaces: []string{"*"}, ClusterScope: true}},
			}},
		},
	}
	if _, err = client.PriorityLevelConfigurations().Create(ctx, level, metav1.CreateOptions{}); err != nil {
		return nil, err
	}
	forget = func() {
		_ = client.FlowSchemas().Delete(context.Background(), c.namespace, metav1.DeleteOptions{})
		_ = client.PriorityLevelConfigurations().Delete(context.Background(), c.namespace, metav1.DeleteOptions{})
	}
	_, err = client.FlowSchemas().Create(ctx, flow, metav1.CreateOptions{})
	return forget, err
}

// evictions are refused while a budget leaves no room, and granted once it is gone.
func evictions(ctx context.Context, c *cluster) error {
	labels := map[string]string{"of": "p"}
	pods := c.client.CoreV1().Pods(c.namespace)
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "p", Labels: labels},
		Spec:       corev1.PodSpec{SchedulerName: "nobody", Containers: []corev1.Container{{Name: "c", Image: c.image}}},
	}
	if _, err := pods.Create(ctx, pod, metav1.CreateOptions{}); err != nil {
		return err
	}
	all := intstr.FromString("100%")
	budget := &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Name: "b"},
		Spec:       policyv1.PodDisruptionBudgetSpec{MinAvailable: &all, Selector: &metav1.LabelSelector{MatchLabels: labels}},
	}
	if _, err := c.client.PolicyV1().PodDisruptionBudgets(c.namespace).Create(ctx, budget, metav1.CreateOptions{}); err != nil {
		return err
	}
	eviction := &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: c.namespace}}
	if err := c.client.PolicyV1().Evictions(c.namespace).Evict(ctx, eviction); err != nil {
		return fmt.Errorf("a pod that is not ready needs no room: %w", err)
	}
	_, err := pods.Get(ctx, "p", metav1.GetOptions{})
	if !apierrors.IsNotFound(err) {
		return fmt.Errorf("the evicted pod: %w", err)
	}
	return nil
}
