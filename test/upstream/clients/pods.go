package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"net/http"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/util/exec"
	"k8s.io/client-go/util/retry"
	"k8s.io/streaming/pkg/httpstream"
)

var podChecks = []check{
	{"pods: exec by WebSocket", execBy(byWebSocket)},
	{"pods: exec by SPDY", execBy(bySPDY)},
	{"pods: exec by WebSocket, else SPDY", execBy(byEither)},
	{"pods: attach", attaching},
	{"pods: ports forwarded by WebSocket", forwardBy(tunnelled)},
	{"pods: ports forwarded by SPDY", forwardBy(dialled)},
	{"pods: logs", logs},
	{"pods: ephemeral containers, resize", changedPods},
	{"pods: reached through the server", proxied},
}

const greeting = "hello from a pod"

// makePod starts a pod that serves a greeting over HTTP and waits until it is ready.
func makePod(ctx context.Context, c *cluster, change func(*corev1.Pod)) error {
	script := "mkdir -p /tmp/www; echo '" + greeting + "' > /tmp/www/index.html; exec busybox httpd -f -p 8080 -h /tmp/www"
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "p", Labels: map[string]string{"of": "p"}},
		Spec: corev1.PodSpec{
			TerminationGracePeriodSeconds: new(int64),
			Containers: []corev1.Container{{
				Name: "c", Image: c.image, ImagePullPolicy: corev1.PullIfNotPresent, Command: []string{"sh", "-c", script}, Ports: []corev1.ContainerPort{{Name: "web", ContainerPort: 8080}},
				ReadinessProbe: &corev1.Probe{PeriodSeconds: 1, ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Port: intstr.FromInt32(8080)}}},
			}},
		},
	}
	if change != nil {
		change(pod)
	}
	pod, err := c.client.CoreV1().Pods(c.namespace).Create(ctx, pod, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	return eventually(ctx, text(func() string { return fmt.Sprint(pod.Status) }), func() bool {
		if now, err := c.client.CoreV1().Pods(c.namespace).Get(ctx, "p", metav1.GetOptions{}); err == nil {
			pod = now
		}
		return slices.ContainsFunc(pod.Status.Conditions, func(condition corev1.PodCondition) bool {
			return condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue
		})
	})
}

// speaks makes an executor for a request.
type speaks func(config *rest.Config, request *rest.Request) (remotecommand.Executor, error)

func byWebSocket(config *rest.Config, request *rest.Request) (remotecommand.Executor, error) {
	return remotecommand.NewWebSocketExecutor(config, http.MethodGet, request.URL().String())
}

func bySPDY(config *rest.Config, request *rest.Request) (remotecommand.Executor, error) {
	return remotecommand.NewSPDYExecutor(config, http.MethodPost, request.URL())
}

func byEither(config *rest.Config, request *rest.Request) (remotecommand.Executor, error) {
	one, err := byWebSocket(config, request)
	if err != nil {
		return nil, err
	}
	another, err := bySPDY(config, request)
	if err != nil {
		return nil, err
	}
	return remotecommand.NewFallbackExecutor(one, another, httpstream.IsUpgradeFailure)
}

// session is what a command in a pod is given and what comes of it.
type session struct {
	command []string
	stdin   io.Reader
	tty     bool
	sizes   remotecommand.TerminalSizeQueue
	// stdout and stderr are what it wrote.
	stdout, stderr bytes.Buffer
}

func (s *session) run(ctx context.Context, c *cluster, speak speaks) error {
	options := &corev1.PodExecOptions{Command: s.command, Stdin: s.stdin != nil, Stdout: true, Stderr: !s.tty, TTY: s.tty}
	request := c.client.CoreV1().RESTClient().Post().Namespace(c.namespace).Resource("pods").Name("p").SubResource("exec").
		VersionedParams(options, scheme.ParameterCodec)
	executor, err := speak(c.config, request)
	if err != nil {
		return err
	}
	streams := remotecommand.StreamOptions{Stdin: s.stdin, Stdout: &s.stdout, Tty: s.tty, TerminalSizeQueue: s.sizes}
	if !s.tty {
		streams.Stderr = &s.stderr
	}
	return executor.StreamWithContext(ctx, streams)
}

func execBy(speak speaks) func(context.Context, *cluster) error {
	return func(ctx context.Context, c *cluster) error {
		if err := makePod(ctx, c, nil); err != nil {
			return err
		}
		for _, try := range []func(context.Context, *cluster, speaks) error{both, exits, muchBothWays, terminal} {
			if err := try(ctx, c, speak); err != nil {
				return err
			}
		}
		return nil
	}
}

// both looks for the two outputs, and for the end of the input.
func both(ctx context.Context, c *cluster, speak speaks) error {
	s := session{command: []string{"sh", "-c", "cat; echo bad >&2"}, stdin: strings.NewReader("given\n")}
	if err := s.run(ctx, c, speak); err != nil {
		return err
	}
	if s.stdout.String() != "given\n" || s.stderr.String() != "bad\n" {
		return fmt.Errorf("wrote %q and %q", &s.stdout, &s.stderr)
	}
	return nil
}

func exits(ctx context.Context, c *cluster, speak speaks) error {
	s := session{command: []string{"sh", "-c", "exit 42"}}
	err := s.run(ctx, c, speak)
	var ended exec.CodeExitError
	if !errors.As(err, &ended) || ended.Code != 42 || ended.Error() != "command terminated with exit code 42" {
		return fmt.Errorf("exit 42: %w", err)
	}
	s = session{command: []string{"not-there"}}
	if err = s.run(ctx, c, speak); err == nil {
		return errors.New("a command that is not there ended well")
	}
	return nil
}

// muchBothWays sends many bytes and looks whether all came back. The command answers while it is still being told.
func muchBothWays(ctx context.Context, c *cluster, speak speaks) error {
	sent := make([]byte, 20<<20)
	_, _ = rand.New(rand.NewSource(1)).Read(sent)
	s := session{command: []string{"cat"}, stdin: bytes.NewReader(sent)}
	if err := s.run(ctx, c, speak); err != nil {
		return err
	}
	if sha256.Sum256(sent) != sha256.Sum256(s.stdout.Bytes()) {
		return fmt.Errorf("%d of %d bytes came back as they were", s.stdout.Len(), len(sent))
	}
	return nil
}

// sizes is a queue of sizes of a terminal.
type sizes chan remotecommand.TerminalSize

func (q sizes) Next() *remotecommand.TerminalSize {
	size, more := <-q
	if !more {
		return nil
	}
	return &size
}

func terminal(ctx context.Context, c *cluster, speak speaks) error {
	queue := make(sizes, 1)
	defer close(queue)
	queue <- remotecommand.TerminalSize{Width: 123, Height: 45}
	input, typed := io.Pipe()
	s := session{command: []string{"sh"}, stdin: input, tty: true, sizes: queue}
	done := make(chan error, 1)
	go func() { done <- s.run(ctx, c, speak) }()
	_, _ = io.WriteString(typed, "until [ \"$(stty size)\" = '45 123' ]; do sleep 0.1; done; test -t 1 && echo right; exit 3\n")
	err := <-done
	var ended exec.CodeExitError
	if !errors.As(err, &ended) || ended.Code != 3 || !strings.Contains(s.stdout.String(), "right\r\n") {
		return fmt.Errorf("terminal: %w %q", err, &s.stdout)
	}
	return nil
}

// attaching talks to a container's own process, and sees how it ends.
func attaching(ctx context.Context, c *cluster) error {
	err := makePod(ctx, c, func(pod *corev1.Pod) {
		pod.Spec.RestartPolicy = corev1.RestartPolicyNever
		one := &pod.Spec.Containers[0]
		one.ReadinessProbe, one.Stdin, one.StdinOnce = nil, true, true
		one.Command = []string{"sh", "-c", "read line; echo got $line; echo bad >&2; cat; exit 7"}
	})
	if err != nil {
		return err
	}
	options := &corev1.PodAttachOptions{Stdin: true, Stdout: true, Stderr: true}
	request := c.client.CoreV1().RESTClient().Post().Namespace(c.namespace).Resource("pods").Name("p").SubResource("attach").
		VersionedParams(options, scheme.ParameterCodec)
	executor, err := byEither(c.config, request)
	if err != nil {
		return err
	}
	var stdout, stderr bytes.Buffer
	if err = executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdin: strings.NewReader("word\nrest\n"), Stdout: &stdout, Stderr: &stderr}); err != nil {
		return err
	}
	if stdout.String() != "got word\nrest\n" || stderr.String() != "bad\n" {
		return fmt.Errorf("wrote %q and %q", &stdout, &stderr)
	}
	var pod *corev1.Pod
	return eventually(ctx, text(func() string { return fmt.Sprint(pod.Status) }), func() bool {
		pod, err = c.client.CoreV1().Pods(c.namespace).Get(ctx, "p", metav1.GetOptions{})
		return err == nil && pod.Status.Phase == corev1.PodFailed && pod.Status.ContainerStatuses[0].State.Terminated.ExitCode == 7
	})
}

func logs(ctx context.Context, c *cluster) error {
	err := makePod(ctx, c, func(pod *corev1.Pod) {
		pod.Spec.RestartPolicy = corev1.RestartPolicyNever
		pod.Spec.Containers[0].ReadinessProbe = nil
		pod.Spec.Containers[0].Command = []string{"sh", "-c", "for i in $(seq 1 20); do echo line $i; sleep 0.2; done"}
	})
	if err != nil {
		return err
	}
	pods := c.client.CoreV1().Pods(c.namespace)
	followed, err := pods.GetLogs("p", &corev1.PodLogOptions{Follow: true}).Stream(ctx)
	if err != nil {
		return err
	}
	defer followed.Close()
	whole, err := io.ReadAll(followed)
	if err != nil || strings.Count(string(whole), "\n") != 20 {
		return fmt.Errorf("followed: %q %w", whole, err)
	}
	last, few := int64(2), int64(6)
	tail, err := pods.GetLogs("p", &corev1.PodLogOptions{TailLines: &last}).DoRaw(ctx)
	if err != nil || string(tail) != "line 19\nline 20\n" {
		return fmt.Errorf("tail: %q %w", tail, err)
	}
	cut, err := pods.GetLogs("p", &corev1.PodLogOptions{LimitBytes: &few}).DoRaw(ctx)
	if err != nil || string(cut) != "line 1" {
		return fmt.Errorf("cut: %q %w", cut, err)
	}
	_, err = pods.GetLogs("p", &corev1.PodLogOptions{Container: "x"}).DoRaw(ctx)
	if !apierrors.IsBadRequest(err) {
		return fmt.Errorf("of no container: %w", err)
	}
	return nil
}

// changedPods adds an ephemeral container and gives a container another limit.
func changedPods(ctx context.Context, c *cluster) error {
	err := makePod(ctx, c, func(pod *corev1.Pod) {
		pod.Spec.Containers[0].Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("10m")}
	})
	if err != nil {
		return err
	}
	pods := c.client.CoreV1().Pods(c.namespace)
	wanted := resource.MustParse("20m")
	var pod *corev1.Pod
	change := func(how func() error) error {
		return retry.RetryOnConflict(retry.DefaultBackoff, func() (err error) {
			if pod, err = pods.Get(ctx, "p", metav1.GetOptions{}); err != nil {
				return err
			}
			return how()
		})
	}
	err = change(func() error {
		pod.Spec.EphemeralContainers = []corev1.EphemeralContainer{{EphemeralContainerCommon: corev1.EphemeralContainerCommon{
			Name: "e", Image: c.image, ImagePullPolicy: corev1.PullIfNotPresent, Command: []string{"sh", "-c", "echo seen; sleep 100"},
		}}}
		_, err := pods.UpdateEphemeralContainers(ctx, "p", pod, metav1.UpdateOptions{})
		return err
	})
	if err != nil {
		return err
	}
	err = change(func() error {
		pod.Spec.Containers[0].Resources.Requests[corev1.ResourceCPU] = wanted
		_, err := pods.UpdateResize(ctx, "p", pod, metav1.UpdateOptions{})
		return err
	})
	if err != nil {
		return err
	}
	return eventually(ctx, text(func() string { return fmt.Sprint(pod.Status) }), func() bool {
		if pod, err = pods.Get(ctx, "p", metav1.GetOptions{}); err != nil || len(pod.Status.EphemeralContainerStatuses) != 1 {
			return false
		}
		given := pod.Status.ContainerStatuses[0].Resources
		return pod.Status.EphemeralContainerStatuses[0].State.Running != nil && given != nil && given.Requests.Cpu().Equal(wanted)
	})
}

// proxied reaches a pod and a service of it through the API server, in the ways upstream's own tests do.
func proxied(ctx context.Context, c *cluster) error {
	if err := makePod(ctx, c, nil); err != nil {
		return err
	}
	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "s"},
		Spec:       corev1.ServiceSpec{Selector: map[string]string{"of": "p"}, Ports: []corev1.ServicePort{{Name: "web", Port: 80, TargetPort: intstr.FromString("web")}}},
	}
	if _, err := c.client.CoreV1().Services(c.namespace).Create(ctx, service, metav1.CreateOptions{}); err != nil {
		return err
	}
	for _, ask := range []rest.ResponseWrapper{
		c.client.CoreV1().Pods(c.namespace).ProxyGet("http", "p", "8080", "/", nil),
		c.client.CoreV1().Services(c.namespace).ProxyGet("http", "s", "web", "/", nil),
		c.client.CoreV1().Services(c.namespace).ProxyGet("", "s", "80", "index.html", map[string]string{"a": "b"}),
	} {
		said := ""
		err := eventually(ctx, text(func() string { return said }), func() bool {
			body, err := ask.DoRaw(ctx)
			said = fmt.Sprintf("%q %v", body, err)
			return string(body) == greeting+"\n"
		})
		if err != nil {
			return err
		}
	}
	return nil
}
